package catalog

// Catalog is a relation of pg_catalog or information_schema as the connected server has it.
type Catalog struct {
	OID     uint32
	Kind    byte           // pg_class.relkind: r or v
	Columns []ServerColumn // in their order
}

// ServerColumn is a column of a Catalog. Array types are named as pg_type has them (_text).
type ServerColumn struct {
	Name string
	Type TypeName
}

// Object is something of the database that belongs to relations or to other objects, and that catalogs tell about: an index, a constraint, a
// default, a trigger, a sequence, a key of partitions. Who may not know all that it needs may not know of it.
type Object struct {
	Class string // the catalog that has it: pg_class, pg_constraint, pg_attrdef, pg_trigger, pg_rewrite, pg_partitioned_table
	OID   uint32
	Kind  byte // pg_class.relkind or pg_constraint.contype; 0 in other classes
	// Schema and Name are empty where the class has none.
	Schema, Name string
	On           uint32 // the relation that it belongs to; 0 for none
	Needs        []Need
}

// Need is something that an object speaks of.
type Need struct {
	Class string
	OID   uint32
	// Column is the number of a column of a relation; 0 the relation as such, and EveryColumn all of its columns.
	Column int16
}

// EveryColumn is the Column of a Need of a whole row.
const EveryColumn = -1

// TypeParts is what a type of the database leads to: who may know the type may know these.
type TypeParts struct {
	OID      uint32
	Relation uint32   // of a composite type: its row of pg_class
	Parts    []uint32 // the types of its elements, of what it is a domain over, a range of, or of its attributes; its array type
}

// Extension is an extension of the database with what is a member of it.
type Extension struct {
	OID     uint32
	Members []Need
	Schemas []string // that its members are in
}
