package main

import (
	"fmt"

	"github.com/wherewall/wherewall/catalog"
)

// schemaCmd prints the shape of policies for editors.
type schemaCmd struct{}

// Run prints a JSON schema.
func (schemaCmd) Run(std *streams) error {
	if _, err := std.out.Write(catalog.JSONSchema()); err != nil {
		return fmt.Errorf("writing the schema: %w", err)
	}
	return nil
}
