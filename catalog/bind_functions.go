package catalog

import (
	"strings"
)

// functionName reads SCHEMA.NAME or SCHEMA.NAME(ARGTYPES). args is nil for every overload.
func functionName(text string) (parts, args []string, ok bool) {
	name, list, listed := strings.Cut(text, "(")
	parts, _, ok = splitName(strings.TrimSpace(name))
	if !ok || len(parts) != 2 {
		return nil, nil, false
	}
	if !listed {
		return parts, nil, true
	}
	inner, closed := strings.CutSuffix(strings.TrimSpace(list), ")")
	if !closed {
		return nil, nil, false
	}
	args = []string{}
	for _, a := range strings.Split(inner, ",") {
		if a = strings.Join(strings.Fields(a), " "); a != "" {
			args = append(args, formattedType(a))
		} else if strings.TrimSpace(inner) != "" {
			return nil, nil, false
		}
	}
	return parts, args, true
}

// formattedTypes are the names that format_type writes for what people write shorter.
var formattedTypes = map[string]string{
	"int": "integer", "int4": "integer", "int8": "bigint", "int2": "smallint", "bool": "boolean", "varchar": "character varying",
	"timestamptz": "timestamp with time zone", "timestamp": "timestamp without time zone", "float8": "double precision",
	"float4": "real", "decimal": "numeric", "timetz": "time with time zone", "time": "time without time zone",
}

func formattedType(name string) string {
	element, array := strings.CutSuffix(strings.TrimPrefix(strings.ToLower(name), "pg_catalog."), "[]")
	if f := formattedTypes[element]; f != "" {
		element = f
	}
	if array {
		element += "[]"
	}
	return element
}

func (b *binder) functionHint(parts []string) string {
	var known []string
	for name, overloads := range b.schema.Functions {
		for _, f := range overloads {
			switch {
			case f.Schema != parts[0]:
			case name == parts[1]:
				return "there is " + f.Schema + "." + name + "(" + strings.Join(f.Args, ", ") + ")"
			default:
				known = append(known, f.Schema+"."+name)
			}
		}
	}
	return didYouMean(strings.Join(parts, "."), known)
}

// key is how a listed function is found: by schema.name or schema.name(argtypes).
func (f *ListedFunction) key() string {
	if f.Args == nil {
		return f.Name
	}
	return f.Name + "(" + strings.Join(f.Args, ", ") + ")"
}
