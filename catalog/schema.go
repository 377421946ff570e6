package catalog

import "github.com/wherewall/wherewall/catalog/expr"

// Schema is an immutable copy of what the proxy needs to know of one database, read in one transaction by
// LoadSchema. Names are as in the catalogs (already folded and cut to 63 bytes).
type Schema struct {
	Database      string
	ServerVersion int      // server_version_num, such as 150018
	SearchPath    []string // the service login's effective path, existing schemas only, without the implicit pg_catalog
	Relations     map[RelationName]*Relation
	Functions     map[string][]Function // by bare name, every schema, pg_catalog included
	Operators     map[string][]Operator // by bare name, every schema, pg_catalog included
	Casts         []Cast                // of pg_cast; casts that go through the text of values are not in there
	Types         map[TypeName]*TypeInfo
	// Catalogs, Namespaces, Objects, TypeParts and Extensions are for showing the catalogs in part.
	Catalogs   map[RelationName]*Catalog
	Namespaces map[string]uint32 // pg_namespace.oid by name, without those of temporary and toast relations
	Objects    []Object
	TypeParts  []TypeParts
	Extensions []Extension
	Limits     Limits
	// TemporaryFirst says that a function sets a search path of its own in which temporary tables come before others.
	TemporaryFirst bool
	// LeavesTraces says that code of the database may leave something in a session that DISCARD ALL does not end.
	LeavesTraces bool
	Digest       string // changes whenever anything above does
}

// RelationName is a schema-qualified relation.
type RelationName struct{ Schema, Name string }

// TypeName is a schema-qualified type.
type TypeName struct{ Schema, Name string }

// Relation is a row of pg_class outside pg_catalog, information_schema and the toast and temporary schemas. Indexes
// and composite types, which no statement can read, are left out.
type Relation struct {
	OID uint32
	RelationName
	Kind       byte     // pg_class.relkind: r table, p partitioned table, v view, m materialized view, f foreign table, S sequence
	Columns    []Column // in attnum order, dropped ones left out
	PrimaryKey []string
	// Unique holds the columns of every unique index that is valid, checked at once, and neither partial nor over
	// expressions; the primary key is one of them.
	Unique [][]string
	// Indexed holds the leading columns that valid indexes begin with, and ForeignKeys the table's foreign keys.
	Indexed     []string
	ForeignKeys []ForeignKey
	// Keyed holds the columns that any unique or exclusion index looks at, in its key, its expressions or its predicate: writing them can
	// tell whether another row is there.
	Keyed map[string]bool
	// Definition is a view's query as pg_get_viewdef prints it, every name outside pg_catalog qualified. Empty for anything but a view.
	Definition string
	HasRules   bool // any pg_rewrite rule beside a view's _RETURN
	// Whether a BEFORE (or INSTEAD OF) ROW trigger may change a new row. For a table with partitions or children, any of
	// theirs counts; so does a disabled one, since enabling it is a change that the copy would see late.
	BeforeInsert, BeforeUpdate bool
	Fires                      bool           // there is a trigger of any kind that is not the server's own
	Parents                    []RelationName // pg_inherits: inheritance parents or the partitioned table
}

// ForeignKey is a foreign key of a relation.
type ForeignKey struct {
	Columns []string
	To      RelationName
	Theirs  []string // the columns referred to, in the order of Columns
}

// Column is a live column of a relation.
type Column struct {
	Name      string
	Number    int16 // pg_attribute.attnum
	Type      expr.Type
	Modifier  int32        // pg_attribute.atttypmod, -1 for none
	TypeSQL   string       // format_type(atttypid, atttypmod), fully qualified save for the types that the grammar names itself
	Domain    bool         // the declared type is a domain; Type is the domain's own name
	NotNull   bool         // no query on the relation finds NULL there
	Default   string       // pg_get_expr of the default, or the default of the column's domain; empty for none and for Generated
	Generated bool         // GENERATED ALWAYS AS (expression)
	Virtual   bool         // and computed whenever it is read
	Identity  bool         // GENERATED ... AS IDENTITY
	Sequence  RelationName // that gives the column its values; empty for none
	// FoldsEqual says that the column's collation is not deterministic: = finds texts equal that differ in their bytes.
	FoldsEqual bool
}

// Function is what the gate needs of a pg_proc row. Types are written as by format_type with an empty search path:
// `integer`, `text[]`, `app.status`.
type Function struct {
	OID        uint32
	Schema     string
	Volatility byte // pg_proc.provolatile: i, s, v
	Leakproof  bool
	Kind       byte     // pg_proc.prokind: f, p, a, w
	Args       []string // input argument types, schema-qualified unless pg_catalog
	Defaults   int      // number of arguments with defaults
	Variadic   bool
	Returns    string
}

// Operator is a row of pg_operator. Operand types are as Column.Type has them; a prefix operator has no left one.
type Operator struct {
	Schema      string
	Left, Right expr.Type
	Returns     expr.Type
	// Function is the function behind the operator, as schema.name; Leakproof and Volatility are that function's.
	Function   string
	Leakproof  bool
	Volatility byte
}

// Cast is a row of pg_cast.
type Cast struct {
	From, To expr.Type
	Method   byte // pg_cast.castmethod: f by a function, i through the text, b the bytes are the same
	Context  byte // pg_cast.castcontext: e only where it is written, a also in assignments, i anywhere
	// Function is the function behind the cast, as schema.name; Leakproof is that function's, and true where the bytes are the same.
	Function  string
	Leakproof bool
}

// TypeInfo is what the gate needs of a pg_type row.
type TypeInfo struct {
	OID          uint32
	Kind         byte      // pg_type.typtype: b base, c composite, d domain, e enum, p pseudo, r range, m multirange
	UserCastFunc bool      // some pg_cast from or to it uses a function outside pg_catalog
	UserCheck    bool      // of a domain: a CHECK of it or of those under it uses a function or operator outside pg_catalog
	NamesObjects bool      // it is regclass or another type but regconfig whose values name what is in the database, or is made of such values
	Base         expr.Type // of a domain: the type under all its domains
	Labels       []string  // of an enum, in its order
}

// Column returns the column of that name, or nil.
func (r *Relation) Column(name string) *Column {
	for i := range r.Columns {
		if r.Columns[i].Name == name {
			return &r.Columns[i]
		}
	}
	return nil
}

// Resolve finds a relation as PostgreSQL would: by its schema, or along the search path where schema is empty.
// The implicit pg_catalog and pg_temp are the caller's business. It returns nil where there is none.
func (s *Schema) Resolve(schema, name string) *Relation {
	if schema != "" {
		return s.Relations[RelationName{schema, name}]
	}
	for _, p := range s.SearchPath {
		if r := s.Relations[RelationName{p, name}]; r != nil {
			return r
		}
	}
	return nil
}

// Base returns the type that values of t are compared as: a domain's base type, any other type itself.
func (s *Schema) Base(t expr.Type) expr.Type {
	info := s.Types[TypeName{t.Schema, t.Name}]
	if t.Array || info == nil || info.Kind != 'd' {
		return t
	}
	return info.Base
}
