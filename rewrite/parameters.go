package rewrite

import (
	"strings"

	"github.com/wherewall/wherewall/plan"
)

// unspecified are the type OIDs with which a Parse message leaves a parameter's type to the server: zero, and that of
// the pseudo-type unknown.
const (
	unspecifiedOID = 0
	unknownOID     = 705
)

// MayDeclare says whether a Parse message may declare a parameter to be of a type. It is the rule for casts: a
// parameter of type regclass looks names up, and one of a table's row type tells its columns.
func (g *Rewriter) MayDeclare(oid uint32, p *plan.Plan) bool {
	return oid == unspecifiedOID || oid == unknownOID || g.parameters[oid] && g.knowsTypeOf(oid, p)
}

// parameterTypes are the OIDs of the types that values may be cast to.
func parameterTypes(f *functions) map[uint32]bool {
	may := map[uint32]bool{}
	for name, info := range f.schema.Types {
		_, ok := f.castType(name.Schema, name.Name)
		if !ok && name.Schema != pgCatalog {
			_, ok = f.castType(name.Schema, strings.TrimPrefix(name.Name, "_")) // an array has its element's name behind an underscore
		}
		if ok {
			may[info.OID] = true
		}
	}
	return may
}
