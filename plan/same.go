package plan

import (
	"maps"
	"reflect"
	"slices"
)

// Same says whether two plans of snapshots with one model give the same, to the same subject and for as long: what was made by one is good under the
// other.
func (p *Plan) Same(other *Plan) bool {
	if p == nil || other == nil || p.Snapshot == nil || !p.Snapshot.SameModel(other.Snapshot) {
		return false
	}
	return p.Subject == other.Subject && p.Shape == other.Shape && p.Until == other.Until && p.Explain == other.Explain &&
		slices.Equal(p.Roles, other.Roles) && slices.Equal(p.Groups, other.Groups) && maps.Equal(p.Allow, other.Allow) &&
		maps.Equal(p.Values, other.Values) && reflect.DeepEqual(p.me, other.me)
}
