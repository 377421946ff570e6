package document

// Kind is what a node is. The zero value is Null.
type Kind int

// The kinds of node.
const (
	Null Kind = iota
	Scalar
	Map
	List
)

// String names the kind in messages.
func (k Kind) String() string {
	switch k {
	case Scalar:
		return "a value"
	case Map:
		return "a map"
	case List:
		return "a list"
	default:
		return "nothing"
	}
}

// Type is what a scalar looks like. A quoted scalar is always Text.
type Type int

// The types of scalar.
const (
	Text Type = iota
	Int
	Float
	Bool
)

// Node is a part of a document. It is immutable.
type Node struct {
	Kind    Kind
	Type    Type    // of a Scalar
	Text    string  // of a Scalar: its content, numbers as they are written
	Entries []Entry // of a Map, in the file's order, no key twice
	Items   []*Node // of a List
	Place   Place   // where it starts; of a block scalar, its header
	style   style
}

// Entry is a key of a Map and its value. The key is a Scalar.
type Entry struct{ Key, Value *Node }

// Get returns the value of a key, or nil.
func (n *Node) Get(key string) *Node {
	if n == nil {
		return nil
	}
	for _, e := range n.Entries {
		if e.Key.Text == key {
			return e.Value
		}
	}
	return nil
}
