package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// configFlag is the path of the configuration file. Its keys are the flags of all commands, so that one file serves
// `check` and `serve` alike; a key that no command knows is an error.
type configFlag string

// BeforeResolve reads the file. kong calls it when the command line has been parsed and before defaults are looked up.
func (configFlag) BeforeResolve(k *kong.Kong, ctx *kong.Context, trace *kong.Path) error {
	path := string(ctx.FlagValue(trace.Flag).(configFlag))
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	values, err := parseConfig(path, text, flagsOf(k.Model.Node))
	if err != nil {
		return err
	}
	ctx.AddResolver(values)
	return nil
}

// config holds the values of a configuration file by flag name.
type config map[string]string

// Validate has nothing left to do: parseConfig knows where each key stands and has checked it.
func (config) Validate(*kong.Application) error { return nil }

// Resolve gives a flag the file's value, unless the environment has one.
func (c config) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	value, found := c[flag.Name]
	if !found || slices.ContainsFunc(flag.Envs, func(name string) bool { _, set := os.LookupEnv(name); return set }) {
		return nil, nil
	}
	return value, nil
}

// flagsOf collects the flags that a file may set, by name. A flag of several commands is one key.
func flagsOf(n *kong.Node) map[string]*kong.Flag {
	flags := map[string]*kong.Flag{}
	for _, f := range n.Flags {
		if f.Name != "help" && f.Name != "config" {
			flags[f.Name] = f
		}
	}
	for _, child := range n.Children {
		for name, f := range flagsOf(child) {
			flags[name] = f
		}
	}
	return flags
}

// parseConfig reads a mapping of flag names to scalars. Every error tells file, line and column.
func parseConfig(path string, text []byte, flags map[string]*kong.Flag) (config, error) {
	at := func(t *token.Token, format string, args ...any) error {
		return fmt.Errorf("%s:%d:%d: %s", path, t.Position.Line, t.Position.Column, fmt.Sprintf(format, args...))
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, syntaxError(path, err)
	}
	values := config{}
	for i, doc := range file.Docs {
		switch body := doc.Body.(type) {
		case nil, *ast.CommentGroupNode, *ast.NullNode:
			continue
		case *ast.MappingNode:
			if i > 0 {
				return nil, at(body.GetToken(), "one document is enough")
			}
			for _, pair := range body.Values {
				if err := values.add(pair, flags, at); err != nil {
					return nil, err
				}
			}
		default:
			return nil, at(body.GetToken(), "a mapping of keys to values is expected")
		}
	}
	return values, nil
}

type located func(t *token.Token, format string, args ...any) error

func (c config) add(pair *ast.MappingValueNode, flags map[string]*kong.Flag, at located) error {
	key := pair.Key.GetToken()
	name := strings.ReplaceAll(key.Value, "_", "-")
	flag := flags[name]
	if flag == nil || strings.Contains(key.Value, "-") {
		return at(key, "unknown key %q%s", key.Value, didYouMean(name, flags))
	}
	if _, twice := c[name]; twice {
		return at(key, "duplicate key %q", key.Value)
	}
	scalar, ok := pair.Value.(ast.ScalarNode)
	if !ok || scalar.Type() == ast.NullType {
		return at(pair.Value.GetToken(), "%s takes one value", key.Value)
	}
	value := scalar.GetToken().Value
	if err := accepts(flag, value); err != nil {
		return at(scalar.GetToken(), "%s: %v", key.Value, err)
	}
	c[name] = value
	return nil
}

// accepts parses a value as the flag would, into a variable that is thrown away.
func accepts(flag *kong.Flag, value string) error {
	if err := flag.Parse(kong.Scan().PushTyped(value, kong.FlagValueToken), reflect.New(flag.Target.Type()).Elem()); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "--"+flag.Name+": ")) // the key's name stands before it
	}
	if flag.Enum != "" && !slices.Contains(flag.EnumSlice(), value) {
		return fmt.Errorf("%q is none of %s", value, strings.Join(flag.EnumSlice(), ", "))
	}
	return nil
}

// syntaxError turns the parser's error, which draws a picture over several lines, into ours.
func syntaxError(path string, err error) error {
	positioned, ok := err.(interface {
		GetToken() *token.Token
		GetMessage() string
	})
	if !ok || positioned.GetToken() == nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	p := positioned.GetToken().Position
	return fmt.Errorf("%s:%d:%d: %s", path, p.Line, p.Column, positioned.GetMessage())
}

// didYouMean proposes the key that needs the fewest changes, where few do.
func didYouMean(name string, flags map[string]*kong.Flag) string {
	best, distance := "", 3
	for candidate := range flags {
		if d := changes(name, candidate); d < distance || d == distance && candidate < best {
			best, distance = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", strings.ReplaceAll(best, "-", "_"))
}

// changes counts the single-character edits between two words: Levenshtein's distance.
func changes(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
