package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/store"
)

// read reads the policy from where it is. As of catalog.ReadPolicy, a policy with problems comes with them.
func (s source) read(ctx context.Context) (p *catalog.Policy, err error) {
	if s.store == nil {
		return catalog.ReadPolicy(s.path) //nolint:wrapcheck // it says what was being read
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	conn, err := s.store.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting to the store: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	people, _, err := store.Read(ctx, conn, s.holds())
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what was being read
	}
	return catalog.ReadPolicyWith(s.path, people) //nolint:wrapcheck // it says what was being read
}
