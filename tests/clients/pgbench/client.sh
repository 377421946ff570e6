# The checks of pgbench: its script language against the sample's tables, in each of its three protocols, on four connections at a time.
. ./checks.sh
pgbench=$(program pgbench)

# bench PROTOCOL TRANSACTIONS [OPTION...] <SCRIPT: prints what went wrong.
bench() {
  local protocol=$1 count=$2 said
  shift 2
  said=$("$pgbench" -n -M "$protocol" -c 4 -j 2 -t "$count" -f /dev/stdin "$@" 2>&1) || { echo "$protocol: $(grep -v '^pgbench (' <<<"$said" | head -3)"; return; }
  has "$said" "number of transactions actually processed: $((4 * count))/$((4 * count))"
}
all() {
  local script protocol
  script=$(cat)
  for protocol in simple extended prepared; do bench $protocol "$@" <<<"$script"; done
}

connect() { all 2 <<<"SELECT 1;"; all 2 -C <<<"SELECT current_user;"; }

text() { # a wrong value divides by zero
  all 5 <<'SQL'
\set id 1
SELECT 1 / (a_bigint = -9223372036854775808 AND a_numeric = 12345678901234.567890 AND a_text = E'Gr\u00fc\u00dfe, ''world''' AND an_enum = 'on_hold' AND a_bool)::int FROM specimen WHERE id = :id;
SQL
}

write() {
  all 10 <<'SQL'
\set id 10000 + :client_id * 1000 + random(1, 900)
INSERT INTO specimen (id, org_id, an_int) VALUES (:id, 'acme', 1) ON CONFLICT (id) DO NOTHING;
UPDATE specimen SET an_int = an_int + :client_id WHERE id = :id;
DELETE FROM specimen WHERE id = :id;
SQL
  same "$(q -c 'SELECT count(*) FROM specimen WHERE id > 10000')" 0
}

transaction() {
  all 10 <<'SQL'
\set project random(1, 12)
BEGIN;
SELECT id, title FROM task WHERE project_id = :project ORDER BY id LIMIT 5;
INSERT INTO task (project_id, title) VALUES (1, 'benched') RETURNING id \gset
UPDATE task SET priority = 1 WHERE id = :id;
ROLLBACK;
BEGIN;
INSERT INTO task (project_id, title) VALUES (1, 'benched') RETURNING id \gset
DELETE FROM task WHERE id = :id;
COMMIT;
SQL
  same "$(q -c "SELECT count(*) FROM task WHERE title = 'benched'")" 0
}

savepoint() {
  all 5 <<'SQL'
BEGIN;
SAVEPOINT s;
UPDATE task SET priority = 1 WHERE id = 1;
ROLLBACK TO SAVEPOINT s;
COMMIT;
SQL
}

error() {
  local said
  said=$(bench extended 1 <<<"SELECT * FROM audit_log;")
  has "$said" 'relation "audit_log" does not exist'
  said=$(bench prepared 1 <<<"INSERT INTO project (org_id, name, owner_id) VALUES ('globex', 'x', 'dana');")
  has "$said" 'row-level security'
}

stream() {
  bench prepared 1 <<<"SELECT * FROM reading;"
  bench simple 1 <<<"SELECT count(*) AS n FROM reading \\gset
SELECT 1 / (:n = $WANT_READINGS)::int;"
}

tenant() {
  all 2 <<SQL
SELECT 1 / (count(*) = $WANT_TASKS)::int FROM task;
SELECT 1 / (count(*) = $WANT_PROJECTS)::int FROM project;
SELECT 1 / (count(*) = $WANT_MEMBERS)::int FROM member;
SELECT 1 / (count(*) = $WANT_COMMENTS)::int FROM comment;
SELECT 1 / (count(*) = $WANT_INVOICES)::int FROM invoice;
SELECT 1 / (count(*) = 0)::int FROM specimen WHERE id = 3;
SQL
}

pipeline() {
  bench extended 10 <<'SQL'
\startpipeline
SELECT count(*) FROM task;
SELECT count(*) FROM project;
\endpipeline
SQL
  bench prepared 10 <<'SQL'
\startpipeline
SELECT count(*) FROM task;
UPDATE task SET priority = priority WHERE id = 1;
\endpipeline
SQL
}

initialization() { has "$("$pgbench" -i -s 1 2>&1)" "permission denied"; }

check connect connect
skip introspect 'pgbench asks for nothing with scripts of its users'
check text text
skip binary 'pgbench reads text'
check write write
check transaction transaction
check savepoint savepoint
check error error
check stream stream
skip cancel 'pgbench cancels nothing'
check tenant tenant
check pipeline pipeline
check '-i is refused' initialization
