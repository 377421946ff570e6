package rewrite

import (
	"strconv"
	"strings"
)

// Setting judges a setting of a startup packet as SET would be, so that there is one rule for both doors. It returns the refusal, or nil. name may
// be in any case.
func (g *Rewriter) Setting(name, value string) *Refusal {
	values := []string{value}
	if strings.EqualFold(name, "search_path") {
		schemas, err := splitPath(value)
		if err != nil || nowhere(schemas) {
			return g.settings.denied(name)
		}
		values = schemas
	}
	return g.settings.judge(name, values)
}

// Begin returns what a server connection begins with: the limits of time, what the client asked for, each of which Setting has let pass, and over
// it the pins.
func (g *Rewriter) Begin(asked map[string]string) map[string]string {
	begin := map[string]string{}
	for _, p := range beginnings() {
		begin[p.name] = p.value
	}
	for name, limit := range g.settings.limits.Timeouts {
		if limit > 0 {
			begin[name] = strconv.FormatInt(limit, 10) // which may be lower than what the server has by itself
		}
	}
	for name, value := range asked {
		begin[strings.ToLower(name)] = strings.Join(g.settings.sends(name, []string{value}), ", ")
	}
	for _, p := range pins() {
		begin[p.name] = p.value
	}
	begin["search_path"] = joinPath(g.settings.pinnedPath())
	return begin
}
