package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Row is the place of what stands in a row of a table and not in a file. It has no line.
func Row(table, name string) Place { return Place{File: &File{Name: "db:" + table + "/" + name}} }

// NewText makes a scalar of text.
func NewText(at Place, text string) *Node { return &Node{Kind: Scalar, Text: text, Place: at} }

// NewBool makes a scalar that is true or false.
func NewBool(at Place, truth bool) *Node {
	return &Node{Kind: Scalar, Type: Bool, Text: fmt.Sprint(truth), Place: at}
}

// NewList makes a list.
func NewList(at Place, items ...*Node) *Node { return &Node{Kind: List, Items: items, Place: at} }

// NewTexts makes a list of text.
func NewTexts(at Place, texts []string) *Node {
	list := &Node{Kind: List, Place: at, Items: make([]*Node, len(texts))}
	for i, text := range texts {
		list.Items[i] = NewText(at, text)
	}
	return list
}

// NewMap makes an empty map, to be filled by With.
func NewMap(at Place) *Node { return &Node{Kind: Map, Place: at} }

// With appends an entry to a map that is being made, and returns the map. The caller sees to it that no key is there twice.
func (n *Node) With(key string, value *Node) *Node {
	n.Entries = append(n.Entries, Entry{Key: NewText(n.Place, key), Value: value})
	return n
}

// FromJSON reads a JSON text. Keys keep their order and numbers their spelling.
func FromJSON(at Place, text []byte) (*Node, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	n, err := fromJSON(at, d)
	if err != nil {
		return nil, fmt.Errorf("reading JSON: %w", err)
	}
	return n, nil
}

var errJSON = errors.New("unexpected end")

func fromJSON(at Place, d *json.Decoder) (*Node, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err //nolint:wrapcheck // FromJSON says what was being done
	}
	switch v := token.(type) {
	case nil:
		return &Node{Place: at}, nil
	case bool:
		return NewBool(at, v), nil
	case string:
		return NewText(at, v), nil
	case json.Number:
		n := &Node{Kind: Scalar, Type: Int, Text: v.String(), Place: at}
		if strings.ContainsAny(n.Text, ".eE") {
			n.Type = Float
		}
		return n, nil
	case json.Delim:
		return collection(at, d, v)
	default:
		return nil, errJSON
	}
}

func collection(at Place, d *json.Decoder, opening json.Delim) (*Node, error) {
	n := &Node{Kind: List, Place: at}
	if opening == '{' {
		n.Kind = Map
	}
	for d.More() {
		var key string
		if n.Kind == Map {
			token, err := d.Token()
			if err != nil {
				return nil, err //nolint:wrapcheck // FromJSON says what was being done
			}
			key, _ = token.(string)
			if n.entry(key) != nil {
				return nil, fmt.Errorf("%q is there twice", key)
			}
		}
		value, err := fromJSON(at, d)
		if err != nil {
			return nil, err
		}
		if n.Kind == Map {
			n.With(key, value)
		} else {
			n.Items = append(n.Items, value)
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, err //nolint:wrapcheck // FromJSON says what was being done
	}
	return n, nil
}

// JSON is the node as JSON. A number whose spelling JSON has not is text.
func (n *Node) JSON() []byte { return n.appendJSON(nil) }

func (n *Node) appendJSON(b []byte) []byte {
	switch n.Kind {
	case Scalar:
		if n.Type != Text && json.Valid([]byte(n.Text)) {
			return append(b, n.Text...)
		}
		return appendString(b, n.Text)
	case Map:
		b = append(b, '{')
		for i, e := range n.Entries {
			if i > 0 {
				b = append(b, ',')
			}
			b = e.Value.appendJSON(append(appendString(b, e.Key.Text), ':'))
		}
		return append(b, '}')
	case List:
		b = append(b, '[')
		for i, item := range n.Items {
			if i > 0 {
				b = append(b, ',')
			}
			b = item.appendJSON(b)
		}
		return append(b, ']')
	case Null:
		fallthrough
	default:
		return append(b, "null"...)
	}
}

func appendString(b []byte, text string) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string can always be encoded
	return append(b, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...)
}
