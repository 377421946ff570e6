package rewrite

import (
	"strings"
	"testing"

	pg "github.com/pganalyze/pg_query_go/v6"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
)

// The definitions of temporary tables, locks and channels are judged by the fields that they must not have. A field that is in neither list of this
// test is a new one of the parser's, which somebody has to decide about.
func TestFieldsOfDefinitionsAreDecided(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		message          proto.Message
		judged, harmless string
	}{
		{&pg.CreateStmt{}, "relation table_elts inh_relations partbound partspec of_typename constraints options tablespacename access_method", "oncommit if_not_exists"},
		{
			&pg.ColumnDef{},
			"colname type_name compression raw_default cooked_default identity_sequence coll_clause constraints fdwoptions storage_name",
			"inhcount is_local is_not_null is_from_type storage identity coll_oid generated location",
		},
		{
			&pg.Constraint{},
			"contype conname raw_expr cooked_expr including exclusions options indexname indexspace access_method where_clause pktable",
			"deferrable initdeferred is_no_inherit generated_when inhcount nulls_not_distinct keys reset_default_tblspc fk_attrs pk_attrs fk_matchtype " +
				"fk_upd_action fk_del_action fk_del_set_cols old_conpfeqop old_pktable_oid skip_validation initially_valid location",
		},
		{&pg.CreateTableAsStmt{}, "query into objtype", "is_select_into if_not_exists"},
		{&pg.IntoClause{}, "rel access_method options table_space_name view_query", "col_names on_commit skip_data"},
		{
			&pg.IndexStmt{},
			"idxname relation access_method table_space index_params index_including_params options where_clause exclude_op_names idxcomment concurrent",
			"index_oid old_number old_create_subid old_first_relfilelocator_subid unique nulls_not_distinct primary isconstraint deferrable initdeferred " +
				"transformed if_not_exists reset_default_tblspc",
		},
		{&pg.IndexElem{}, "expr collation opclass opclassopts", "name indexcolname ordering nulls_ordering"},
		{&pg.TableLikeClause{}, "relation options", "relation_oid"},
		{&pg.AlterTableStmt{}, "relation cmds objtype", "missing_ok"},
		{&pg.AlterTableCmd{}, "subtype num newowner def", "name behavior missing_ok recurse"},
		{&pg.RenameStmt{}, "rename_type relation_type relation object newname", "subname behavior missing_ok"},
		{&pg.DropStmt{}, "objects remove_type", "behavior missing_ok concurrent"}, // of the session's own tables
		{&pg.TruncateStmt{}, "relations", "restart_seqs behavior"},
		{&pg.VacuumStmt{}, "options rels is_vacuumcmd", ""},
		{&pg.VacuumRelation{}, "relation", "oid va_cols"},
		{&pg.LockStmt{}, "relations mode", "nowait"},
		{&pg.ListenStmt{}, "conditionname", ""},
		{&pg.NotifyStmt{}, "conditionname", "payload payload_location"},
		{&pg.UnlistenStmt{}, "conditionname", ""},
	} {
		fields := c.message.ProtoReflect().Descriptor().Fields()
		var names []string
		for i := range fields.Len() {
			names = append(names, string(fields.Get(i).Name()))
		}
		require.ElementsMatch(t, strings.Fields(c.judged+" "+c.harmless), names, "%T", c.message)
	}
}
