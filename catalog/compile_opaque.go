package catalog

import "github.com/wherewall/wherewall/catalog/expr"

func (b *binder) opaque(c *condition, e *boundEntity, t expr.Type) (expr.Expr, bool) {
	b.add(c.source.Place, CodeNotSupported, "", "not supported yet: sql")
	return nil, false
}
