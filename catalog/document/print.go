package document

import (
	"bytes"
	"regexp"
	"strings"
)

// Print writes a node as a YAML document: maps of maps on lines of their own, the rest in one line. Read back it is the same node.
func Print(n *Node) []byte {
	var b bytes.Buffer
	printMap(&b, n, 0)
	return b.Bytes()
}

// lineLength is how long a value may be to stand in one line with its key.
const lineLength = 140

func printMap(b *bytes.Buffer, n *Node, indent int) {
	for _, e := range n.Entries {
		b.WriteString(strings.Repeat(" ", indent) + printText(e.Key.Text) + ":")
		printValue(b, e.Value, indent)
	}
}

// printValue writes what follows a key.
func printValue(b *bytes.Buffer, n *Node, indent int) {
	flow := printFlow(n)
	switch {
	case n.Kind == Map && len(n.Entries) > 0 && (indent == 0 || len(flow) > lineLength):
		b.WriteByte('\n')
		printMap(b, n, indent+2)
	case n.Kind == List && len(n.Items) > 0 && (indent == 0 || len(flow) > lineLength):
		b.WriteByte('\n')
		for _, item := range n.Items {
			b.WriteString(strings.Repeat(" ", indent+2) + "- " + printFlow(item) + "\n")
		}
	default:
		b.WriteString(" " + flow + "\n")
	}
}

func printFlow(n *Node) string {
	switch n.Kind {
	case Scalar:
		if n.Type != Text {
			return n.Text
		}
		return printText(n.Text)
	case Map:
		parts := make([]string, len(n.Entries))
		for i, e := range n.Entries {
			parts[i] = printText(e.Key.Text) + ": " + printFlow(e.Value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case List:
		parts := make([]string, len(n.Items))
		for i, item := range n.Items {
			parts[i] = printFlow(item)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case Null:
		fallthrough
	default:
		return "null"
	}
}

// bare matches words that need no quotes, unless they are special.
var bare = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// printText quotes what could be read as something else. A JSON string is one of YAML, too.
func printText(text string) string {
	if bare.MatchString(text) && !special[strings.ToLower(text)] {
		return text
	}
	return string(appendString(nil, text))
}
