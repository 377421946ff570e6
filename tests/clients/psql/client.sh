# The checks of psql itself: its own commands, and scripts as people pipe them.
. ./checks.sh

connect() { same "$(q -c 'SELECT current_user')" dana; has "$(q -c '\conninfo')" 'user "dana"'; }

introspect() {
  local tables
  tables=$(q -c '\dt app.*' -c '\dt billing.*' | awk -F'|' '{print $1 "." $2}' | sort | tr '\n' ' ')
  same "${tables% }" "$WANT_TABLES"
  tables=$(psql -X -c '\d task' 2>&1)
  has "$tables" ' title       | text '
  has "$tables" '"task_pkey" PRIMARY KEY, btree (id)'
  has "$tables" '"task_project_id_fkey" FOREIGN KEY (project_id) REFERENCES project(id) ON DELETE CASCADE'
  has "$tables" 'TABLE "comment" CONSTRAINT "comment_task_id_fkey" FOREIGN KEY (task_id) REFERENCES task(id)'
  hasnt "$(q -c '\d member')" email
  has "$(psql -X -c '\d audit_log' 2>&1)" 'Did not find any relation named "audit_log".'
}

text() {
  same "$(q -c 'SELECT * FROM specimen WHERE id = 1')" "1|acme|-32768|2147483647|-9223372036854775808|12345678901234.567890|1.5|2.5e-10|Grüße, 'world'|varchar|char  |t|\\x00ff10|2026-02-28|13:14:15.678901|2026-02-28 13:14:15.678901|2026-02-28 13:14:15.678901+00|1 year 2 mons 3 days 04:05:06|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|{\"a\": [1, 2]}|{\"b\": {\"c\": null}}|{1,2,NULL,-4}|{one,\"two, three\",NULL,\"\"}|on_hold|192.168.1.7/24|[3,9)|[\"2026-01-01 00:00:00+00\",\"2026-02-01 00:00:00+00\")"
  same "$(q -c 'SELECT * FROM specimen WHERE id = 2')" "2|acme|||||||||||||||||||||||||"
}

write() {
  q >/dev/null <<'SQL' || echo failed
INSERT INTO specimen (id, org_id, an_int) VALUES (1001, 'acme', 5);
SQL
  same "$(q -c 'UPDATE specimen SET an_int = an_int + 1 WHERE id = 1001 RETURNING an_int')" 6
  same "$(psql -XAt -c 'DELETE FROM specimen WHERE id IN (1001, 3)')" "DELETE 1"
}

transaction() {
  same "$(q -c 'BEGIN' -c "INSERT INTO specimen (id, org_id) VALUES (1002, 'acme')" -c 'ROLLBACK' -c 'SELECT count(*) FROM specimen WHERE id = 1002')" 0
  same "$(q -1 -c "INSERT INTO specimen (id, org_id) VALUES (1002, 'acme')"; q -c 'SELECT count(*) FROM specimen WHERE id = 1002')" 1
  q -c 'DELETE FROM specimen WHERE id = 1002'
}

savepoint() {
  same "$(psql -XAtq -v ON_ERROR_ROLLBACK=on 2>/dev/null <<'SQL'
BEGIN;
INSERT INTO specimen (id, org_id) VALUES (1003, 'acme');
INSERT INTO specimen (id, org_id) VALUES (1003, 'acme');
SELECT count(*) FROM specimen WHERE id = 1003;
ROLLBACK;
SQL
)" 1
}

state() { psql -XAtq -v VERBOSITY=sqlstate -c "$1" 2>&1 | sed -n 's/^ERROR:  //p'; }
error() {
  same "$(state 'SELECT nonesuch FROM task')" 42703
  has "$(psql -XAtq -c 'SELECT nonesuch FROM task' 2>&1)" $'LINE 1: SELECT nonesuch FROM task\n               ^'
  same "$(state 'SELECT 1 / (id - id) FROM task')" 22012
  same "$(state 'SELECT * FROM audit_log')" 42P01
  same "$(state "INSERT INTO project (org_id, name, owner_id) VALUES ('globex', 'x', 'dana')")" 42501
}

stream() {
  local sums
  sums=$(psql -XAtq -v FETCH_COUNT=1000 -c 'SELECT * FROM reading' | awk -F'|' '{n++; s += $1} END {printf "%d %.0f", n, s}')
  same "$sums" "$WANT_READINGS $(q -c 'SELECT sum(id) FROM reading')"
}

cancel() { # timeout's INT is a Ctrl-C, upon which psql sends a cancel request
  local said
  said=$(timeout -s INT 1 psql -XAtq -v VERBOSITY=sqlstate -c "$SLOW_QUERY" 2>&1)
  has "$said" 57014
}

tenant() {
  same "$(q -c 'SELECT count(*) FROM task')" "$WANT_TASKS"
  same "$(q -c 'SELECT count(*) FROM project')" "$WANT_PROJECTS"
  same "$(q -c 'SELECT count(*) FROM member')" "$WANT_MEMBERS"
  same "$(q -c 'SELECT count(*) FROM comment')" "$WANT_COMMENTS"
  same "$(q -c 'SELECT count(*) FROM invoice')" "$WANT_INVOICES"
  same "$(q -c 'SELECT count(*) FROM reading')" "$WANT_READINGS"
  same "$(q -c 'SELECT count(*) FROM specimen WHERE id = 3')" 0
}

# Every command of the \d family answers, and none of them tells of what is hidden.
describe() {
  local command said
  for command in '\d' '\d+' '\dt+' '\dv' '\di' '\di+' '\ds' '\dm' '\dn' '\dn+' '\dT' '\dT+' '\df' '\df app.*' '\da' '\db' '\dc' '\dC' '\dd' '\dD' '\des' '\det' '\dew' '\deu' '\dg' '\dL' '\dl' '\dO' '\do app.*' \
    '\dp' '\dP' '\drds' '\dRp' '\dRs' '\du' '\dx' '\dX' '\dy' '\dF' '\dFd' '\dFp' '\dFt' '\dA' '\dAc' '\dAf' '\dAo' '\dAp' '\l' '\z' '\d app.task' '\d+ app.task' '\d task_pkey' '\d project_id_seq' '\dT+ project_status' '\d+ member'; do
    said=$(psql -XAtq -v VERBOSITY=verbose -c "$command" 2>&1 </dev/null)
    case $said in *ERROR:*) echo "$command: ${said:0:200}" ;; esac
    case $said in *audit_log* | *email*) echo "$command tells of what is hidden: ${said:0:200}" ;; esac
  done
}

source_text() { has "$(psql -XAtq -v VERBOSITY=sqlstate -c '\sf app.touch' 2>&1)" ERROR; }

copy_out() {
  local lines
  lines=$(q -c "\\copy reading to pstdout csv" | wc -l)
  same "$lines" "$WANT_READINGS"
  has "$(q -c "\\copy (SELECT id, org_id FROM specimen ORDER BY id) to pstdout csv header")" $'id,org_id\n1,acme\n2,acme'
}

copy_in() {
  printf '1004,acme,7\n1005,acme,\n' | q -c "\\copy specimen (id, org_id, an_int) from pstdin csv"
  same "$(q -c 'SELECT id, an_int FROM specimen WHERE id >= 1004 ORDER BY id')" $'1004|7\n1005|'
  q -c 'DELETE FROM specimen WHERE id >= 1004'
  has "$(printf '1006,acme,7\n1007,globex,8\n' | psql -XAtq -v VERBOSITY=verbose -c "\\copy specimen (id, org_id, an_int) from pstdin csv" 2>&1)" 42501
  same "$(q -c 'SELECT count(*) FROM specimen WHERE id >= 1004')" 0
}

gdesc() { has "$(printf 'SELECT id, title FROM task \\gdesc\n' | q)" $'id|bigint\ntitle|text'; }

watch() {
  local said
  said=$(printf 'SELECT count(*) AS n FROM task \\watch 0.2\n' | timeout -s INT 1 psql -XAtq 2>&1)
  [ "$(grep -c "^$WANT_TASKS\$" <<<"$said")" -ge 2 ] || echo "watched: ${said:0:200}"
}

completion() { # what a Tab asks for
  same "$(q -c "SELECT pg_catalog.quote_ident(c.relname) FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'p') AND substring(pg_catalog.quote_ident(c.relname),1,3)='tas' AND pg_catalog.pg_table_is_visible(c.oid)")" task
}

variables() {
  same "$(printf "SELECT count(*) AS n FROM task \\gset\n\\\\echo :n\n" | q)" "$WANT_TASKS"
  same "$(printf "SELECT 'SELECT 1' UNION ALL SELECT 'SELECT 2' ORDER BY 1 \\gexec\n" | q)" $'1\n2'
}

check connect connect
check introspect introspect
check text text
skip binary 'psql reads text'
check write write
check transaction transaction
check savepoint savepoint
check error error
check stream stream
check cancel cancel
check tenant tenant
check '\d and its family' describe
check '\sf refused' source_text
check '\copy to' copy_out
if [ "$NATIVE" ]; then skip '\copy from' 'refused under native row-level security'; else check '\copy from' copy_in; fi
check '\gdesc' gdesc
check '\watch' watch
check '\gset and \gexec' variables
check 'tab completion' completion
