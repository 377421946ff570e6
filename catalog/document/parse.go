package document

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Fault is why a file cannot be read. Duplicate says that a key stands there twice.
type Fault struct {
	Place     Place
	Message   string
	Duplicate bool
}

// Parse reads a file's documents. The nodes are good for further checks where there are faults too.
func Parse(name string, text []byte) ([]*Node, []Fault) {
	c := &converter{file: NewFile(name, text)}
	return c.parse(text), c.faults
}

func (c *converter) parse(text []byte) []*Node {
	// Duplicate keys are ours to find: the library stops at the first one and does not tell of its twin.
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		var syntax *yaml.SyntaxError
		if errors.As(err, &syntax) && syntax.Token != nil {
			c.fault(c.at(syntax.Token), "%s", syntax.Message)
		} else {
			c.fault(Place{c.file, 1, 1}, "%s", err)
		}
		return nil
	}
	var documents []*Node
	for _, d := range file.Docs {
		if d.Body != nil {
			documents = append(documents, c.node(d.Body))
		}
	}
	return documents
}

type converter struct {
	file   *File
	lines  []int // the file's line of each line of the text; nil where the text is the file
	faults []Fault
}

func (c *converter) fault(at Place, format string, args ...any) {
	c.faults = append(c.faults, Fault{Place: at, Message: fmt.Sprintf(format, args...)})
}

func (c *converter) at(t *token.Token) Place {
	if t == nil || t.Position == nil {
		return Place{c.file, 1, 1}
	}
	line := t.Position.Line
	if len(c.lines) > 0 {
		line = c.lines[min(max(line, 1), len(c.lines))-1]
	}
	return Place{c.file, line, t.Position.Column}
}

// node converts what a policy may consist of; everything else is a fault and stands as Null.
func (c *converter) node(n ast.Node) *Node {
	at := c.at(n.GetToken())
	switch n := n.(type) {
	case *ast.NullNode, *ast.CommentGroupNode:
		return &Node{Place: at}
	case *ast.BoolNode:
		return &Node{Kind: Scalar, Type: Bool, Text: strings.ToLower(n.Token.Value), Place: at}
	case *ast.IntegerNode:
		return &Node{Kind: Scalar, Type: Int, Text: n.Token.Value, Place: at}
	case *ast.FloatNode:
		return &Node{Kind: Scalar, Type: Float, Text: n.Token.Value, Place: at}
	case *ast.StringNode:
		return &Node{Kind: Scalar, Text: n.Value, Place: at, style: styleOf(n.Token.Type)}
	case *ast.LiteralNode:
		return &Node{Kind: Scalar, Text: n.Value.Value, Place: at, style: block}
	case *ast.SequenceNode:
		return c.list(n, at)
	case *ast.MappingNode:
		return c.mapping(n.Values, c.start(n, at))
	case *ast.MappingValueNode:
		return c.mapping([]*ast.MappingValueNode{n}, c.at(n.Key.GetToken()))
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		c.fault(at, "anchors, aliases and tags are not part of the language")
	default:
		c.fault(at, "%s is not part of the language", strings.ToLower(n.Type().String()))
	}
	return &Node{Place: at}
}

// start is where a map begins: at its brace, or at its first key.
func (c *converter) start(n *ast.MappingNode, at Place) Place {
	if n.IsFlowStyle || len(n.Values) == 0 {
		return at
	}
	return c.at(n.Values[0].Key.GetToken())
}

func (c *converter) list(n *ast.SequenceNode, at Place) *Node {
	list := &Node{Kind: List, Place: at}
	for _, v := range n.Values {
		list.Items = append(list.Items, c.node(v))
	}
	return list
}

func (c *converter) mapping(values []*ast.MappingValueNode, at Place) *Node {
	m := &Node{Kind: Map, Place: at}
	for _, v := range values {
		key := c.key(v.Key)
		value := c.node(v.Value)
		if key == nil {
			continue
		}
		if first := m.entry(key.Text); first != nil {
			c.twice(key, first.Key)
			continue
		}
		m.Entries = append(m.Entries, Entry{key, value})
	}
	return m
}

func (n *Node) entry(key string) *Entry {
	for i := range n.Entries {
		if n.Entries[i].Key.Text == key {
			return &n.Entries[i]
		}
	}
	return nil
}

func (c *converter) key(k ast.MapKeyNode) *Node {
	if k.IsMergeKey() {
		c.fault(c.at(k.GetToken()), "merge keys are not part of the language")
		return nil
	}
	if null, ok := k.(*ast.NullNode); ok {
		c.fault(c.at(null.Token), "a key is missing or needs quotes")
		return nil
	}
	key := c.node(k)
	if key.Kind != Scalar {
		c.fault(key.Place, "a key is a plain word or text in quotes")
		return nil
	}
	return key
}
