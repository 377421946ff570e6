package rewrite

import (
	"maps"
	"slices"
	"strconv"

	"github.com/wherewall/wherewall/catalog"
)

// objects writes what was found down as lists.
func (v *visibility) objects() *visibleObjects {
	out := &visibleObjects{oids: map[string][]uint32{}, known: v.knownTypes()}
	for class, members := range v.members {
		if class != "pg_class" && class != "pg_namespace" && class != "pg_proc" && class != "pg_type" {
			out.oids[class] = slices.Sorted(maps.Keys(members))
		}
	}
	for _, e := range v.schema.Extensions {
		out.oids["pg_extension"] = append(out.oids["pg_extension"], e.OID)
	}
	out.oids["pg_proc"] = slices.Sorted(maps.Keys(v.routines))
	out.oids["pg_type"] = slices.Sorted(maps.Keys(v.types))
	out.whole = slices.AppendSeq(out.whole, maps.Keys(v.composite))
	out.oids["pg_class"] = slices.AppendSeq(out.oids["pg_class"], maps.Keys(v.composite))
	for _, r := range v.relations {
		v.listRelation(out, r)
	}
	v.listObjects(out)
	v.listSchemas(out)
	v.listNames(out)
	for _, list := range out.oids {
		slices.Sort(list)
	}
	slices.Sort(out.whole)
	slices.Sort(out.partly)
	slices.Sort(out.cells)
	for _, list := range [][]string{
		out.names.relations, out.names.whole, out.names.cells, out.names.numbers, out.names.defaults, out.names.types, out.names.routines,
		out.names.constraints, out.names.rules, out.names.triggers, out.names.unique,
	} {
		slices.Sort(list)
	}
	return out
}

func (v *visibility) listRelation(out *visibleObjects, r *shownRelation) {
	out.oids["pg_class"] = append(out.oids["pg_class"], r.OID)
	out.names.relations = append(out.names.relations, key(r.Schema, r.Name))
	if r.all {
		out.whole = append(out.whole, r.OID)
		out.names.whole = append(out.names.whole, key(r.Schema, r.Name))
		return
	}
	out.partly = append(out.partly, r.OID)
	for _, c := range r.Columns {
		if r.numbers[c.Number] {
			out.cells = append(out.cells, int64(r.OID)*65536+int64(c.Number))
			out.names.cells = append(out.names.cells, key(r.Schema, r.Name, c.Name))
			out.names.numbers = append(out.names.numbers, key(r.Schema, r.Name, strconv.Itoa(int(c.Number))))
		}
	}
}

func (v *visibility) listObjects(out *visibleObjects) {
	for _, o := range v.schema.Objects {
		if v.hidden[catalog.Need{Class: o.Class, OID: o.OID}] || o.Kind == 'S' && v.relations[o.OID] != nil {
			continue
		}
		out.oids[o.Class] = append(out.oids[o.Class], o.OID)
		if o.Class == "pg_class" {
			out.whole = append(out.whole, o.OID)
			out.names.relations = append(out.names.relations, key(o.Schema, o.Name))
			out.names.whole = append(out.names.whole, key(o.Schema, o.Name))
		}
		on := v.relations[o.On]
		if on == nil {
			continue
		}
		switch o.Class {
		case "pg_constraint":
			out.names.constraints = append(out.names.constraints, key(on.Schema, on.Name, o.Name))
		case "pg_rewrite":
			out.names.rules = append(out.names.rules, key(on.Schema, on.Name, o.Name))
		case "pg_trigger":
			out.names.triggers = append(out.names.triggers, key(on.Schema, on.Name, o.Name))
		case "pg_attrdef":
			for _, c := range on.Columns {
				if c.Number == o.Needs[1].Column {
					out.names.defaults = append(out.names.defaults, key(on.Schema, on.Name, c.Name))
				}
			}
		}
	}
}

// listSchemas lists the schemas of the search path, of visible objects, and PostgreSQL's own.
func (v *visibility) listSchemas(out *visibleObjects) {
	shown := map[string]bool{}
	for _, name := range v.schema.SearchPath {
		shown[name] = true
	}
	for _, r := range v.relations {
		shown[r.Schema] = true
	}
	for name, info := range v.schema.Types {
		if v.types[info.OID] {
			shown[name.Schema] = true
			out.names.types = append(out.names.types, key(name.Schema, name.Name))
		}
	}
	for _, candidates := range v.schema.Functions {
		for _, f := range candidates {
			shown[f.Schema] = shown[f.Schema] || v.routines[f.OID]
		}
	}
	for _, e := range v.schema.Extensions {
		for _, name := range e.Schemas {
			shown[name] = true
		}
	}
	for name, oid := range v.schema.Namespaces {
		if shown[name] || oid < firstNormalObject {
			out.names.schemas = append(out.names.schemas, name)
			out.oids["pg_namespace"] = append(out.oids["pg_namespace"], oid)
		}
	}
	slices.Sort(out.names.schemas)
}

func (v *visibility) listNames(out *visibleObjects) {
	for name, candidates := range v.schema.Functions {
		for _, f := range candidates {
			if specific := name + "_" + strconv.FormatUint(uint64(f.OID), 10); v.routines[f.OID] && len(specific) < 64 {
				out.names.routines = append(out.names.routines, key(f.Schema, specific))
			}
		}
	}
	secret := map[string]bool{}
	for _, o := range v.schema.Objects {
		if o.Class == "pg_constraint" {
			name := key(o.Schema, o.Name)
			secret[name] = secret[name] || v.hidden[catalog.Need{Class: o.Class, OID: o.OID}]
		}
	}
	for name, hidden := range secret {
		if !hidden {
			out.names.unique = append(out.names.unique, name)
		}
	}
}
