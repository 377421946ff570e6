package plan_test

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"
)

// conditionsOn are terms of `where:` by entity: between them everything that a condition may say.
func conditionsOn(entity string) []string {
	switch entity {
	case "project":
		return []string{
			"open", "NOT open", "amount <= me.max", "amount = 2.5", "amount BETWEEN 1 AND 3", "owner = me.id", "owner IS NULL", "tags && me.regions",
			"tags @> me.regions", "me.regions @> tags", "'a' = ANY(tags)", "amount + 1 > 3", "owner IS DISTINCT FROM me.id", "amount IN (1, 3)", "coalesce(amount, 3) = 3",
		}
	case "task":
		return []string{
			"level > 2", "level = me.level", "title = 'a'", "title <> me.name", "title LIKE 'a%'", "title LIKE 'b\\_%'", "title ILIKE 'A%'", "project.open", "NOT project.open",
			"project.amount <= me.max", "project_id IS NULL", "project.owner IS NULL", "NOT (project.owner = me.id)", "title = ANY(me.regions)", "level + 1 > 3",
			"lower(title) = 'a'", "upper(title) = me.name", "length(title) = 1", "starts_with(title, 'a')", "strpos(title, 'b') > 0", "me.level >= 3", "me.flag",
			"CASE WHEN level > 2 THEN me.flag ELSE project.open END", "day > '2026-02-01'", "day + 1 = '2026-03-01'", "at < '2026-01-05 12:30:00+00'", "mood >= 'ok'",
			"info ->> 'k' = 'v'", "info ->> 'k' = '1'", "info ->> 'k' IS NULL", "members.who = me.id", "members.who = me.id AND members.since > '2026-01-01'",
			"assignee IN ('kim', me.name)", "project.tags && me.regions", "level IS NOT NULL", "now() > at", "coalesce(title, me.name) = 'a'",
		}
	case "note":
		return []string{"body = 'a'", "task.level > 2", "task.project.open", "NOT task.project.open", "task.project.amount > me.max", "body LIKE '_'", "task.title = body"}
	case "label":
		return []string{"name = 'a'", "name IS NULL", "org = 'acme'", "NOT (name = me.name)", "org IS NULL"}
	default:
		return []string{"size > 2", "size IS NULL", "b = 'x'", "NOT (size = me.level)"}
	}
}

func drawCondition(t *rapid.T, entity string, depth int) string {
	if depth == 0 || rapid.IntRange(0, 2).Draw(t, "leaf") == 0 {
		return rapid.SampledFrom(conditionsOn(entity)).Draw(t, "term")
	}
	left, right := drawCondition(t, entity, depth-1), drawCondition(t, entity, depth-1)
	logic := rapid.IntRange(0, 3).Draw(t, "logic")
	if strings.Contains(left, "members") && strings.Contains(right, "members") {
		logic = 3 // Comparisons over one relation that AND joins are about one row, and NOT among them is refused.
	}
	switch logic {
	case 0:
		return "(" + left + ") AND (" + right + ")"
	case 1:
		return "NOT (" + left + ")"
	default:
		return "(" + left + ") OR (" + right + ")"
	}
}

// drawGrant draws one grant of reading an entity.
func drawGrant(t *rapid.T, entity string, platform bool) string {
	scopes := []string{"tenant", "tenant", "tree"}
	switch entity {
	case "project":
		scopes = append(scopes, "own")
	case "task":
		scopes = append(scopes, "own:assignee", "own:boss")
	}
	if platform {
		scopes = append(scopes, "all")
	}
	parts := []string{"scope: " + rapid.SampledFrom(scopes).Draw(t, "scope")}
	if platform && rapid.Bool().Draw(t, "any") {
		parts = append(parts, "tenants: any")
	}
	if rapid.IntRange(0, 3).Draw(t, "conditional") > 0 {
		parts = append(parts, fmt.Sprintf("where: %q", drawCondition(t, entity, 2)))
	}
	permission := "see_" + entity
	if entity == "task" {
		permission = rapid.SampledFrom([]string{"see_task", "peek_task", "blur_task"}).Draw(t, "columns")
	}
	return "{" + permission + ": {" + strings.Join(parts, ", ") + "}}"
}

func drawRole(t *rapid.T, platform bool) string {
	var grants []string
	for range rapid.IntRange(2, 6).Draw(t, "grants") {
		grants = append(grants, drawGrant(t, rapid.SampledFrom(append(entities(), "task", "task", "project")).Draw(t, "entity"), platform))
	}
	if platform {
		return "{platform: true, can: [" + strings.Join(grants, ", ") + "]}"
	}
	return "{can: [" + strings.Join(grants, ", ") + "]}"
}

// population is a drawn policy: three roles in tenants, one platform role, a group, and a user for every way to hold them.
func population(t *rapid.T) string {
	attrs := []string{}
	for _, a := range []string{"level: 3", "max: 2.5", "regions: [a, b]", "name: a", "flag: true"} {
		if rapid.IntRange(0, 4).Draw(t, "has") > 0 {
			attrs = append(attrs, a)
		}
	}
	if rapid.IntRange(0, 9).Draw(t, "empty") == 0 {
		attrs = append(attrs, "regions: []")
		for i, a := range attrs[:len(attrs)-1] {
			if strings.HasPrefix(a, "regions") {
				attrs = append(attrs[:i], attrs[i+1:]...)
				break
			}
		}
	}
	resources := rapid.SampledFrom([]string{
		"", ", resources: {project: [1, 3]}", ", resources: {project: [2], task: [1, 2]}", ", resources: {label: [1]}", ", resources: {project: []}", `, resources: {part: [[1, x], [2, y]]}`,
	}).Draw(t, "resources")
	return fmt.Sprintf(`
roles:
  everyone: {can: []}
  one: %s
  two: %s
  grouped: %s
  global: %s
groups: {crew: {tenant: acme, members: [kim, grp], roles: [grouped]%s}}
users:
  kim: {tenants: {acme: [one]}, attrs: {%[6]s}}
  more: {tenants: {acme: [one, two], globex: [one, two]}, attrs: {%[6]s}}
  less: {tenants: {acme: [one], globex: [one]}, attrs: {%[6]s}}
  plat: {tenants: {acme: [one]}, platform: [global], attrs: {%[6]s}}
  sue: {platform: [global], attrs: {%[6]s}}
  grp: {tenants: {acme: []}, attrs: {%[6]s}}
`, drawRole(t, false), drawRole(t, false), drawRole(t, false), drawRole(t, true), resources, strings.Join(attrs, ", "))
}
