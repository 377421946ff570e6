# The checks of pg_dump and pg_restore: a dump has what one may see and nothing else, and it restores.
. ./checks.sh
dump="$(program pg_dump) --enable-row-security"
restore="$(program pg_restore) --enable-row-security"

connect() { has "$($dump -s -t app.country 2>&1)" 'CREATE TABLE app.country'; }

introspect() {
  local schema table
  schema=$($dump -s --no-owner --no-privileges 2>&1) || { echo "$schema" | grep -m1 error; return; }
  for table in $WANT_TABLES; do has "$schema" "CREATE TABLE $table ("; done
  hasnt "$schema" audit_log
  hasnt "$schema" email
  has "$schema" "ADD CONSTRAINT task_project_id_fkey FOREIGN KEY (project_id) REFERENCES app.project(id) ON DELETE CASCADE"
  has "$schema" "CREATE TYPE app.task_status AS ENUM"
  has "$schema" "CREATE INDEX task_project_id_idx"
  has "$schema" "COMMENT ON TABLE app.specimen IS 'One of each type'"
}

text() {
  local data
  data=$($dump -a -t app.specimen 2>&1)
  has "$data" $'1\tacme\t-32768\t2147483647\t-9223372036854775808\t12345678901234.567890\t1.5\t2.5e-10\tGrüße, \'world\'\tvarchar\tchar  \tt\t\\\\x00ff10\t2026-02-28'
  hasnt "$data" theirs
}

stream() { same "$($dump -a -t app.reading | grep -c $'^[0-9]*\tacme\t')" "$WANT_READINGS"; }

tenant() {
  local said
  $dump -Fc --no-owner --no-privileges -f all.dump || return
  psql -XAtq "$RESTORE_URL" -c 'DROP SCHEMA IF EXISTS app, billing CASCADE' 2>/dev/null
  said=$($restore --exit-on-error --no-owner -d "$RESTORE_URL" all.dump 2>&1) || { echo "$said"; return; }
  same "$(psql -XAtq "$RESTORE_URL" -c 'SELECT (SELECT count(*) FROM app.task), (SELECT count(*) FROM app.project), (SELECT count(*) FROM app.member), (SELECT count(*) FROM app.comment),
    (SELECT count(*) FROM billing.invoice), (SELECT count(*) FROM app.reading)')" "$WANT_TASKS|$WANT_PROJECTS|$WANT_MEMBERS|$WANT_COMMENTS|$WANT_INVOICES|$WANT_READINGS"
  same "$(psql -XAtq "$RESTORE_URL" -c "SELECT count(*) FROM pg_constraint WHERE contype = 'f'")" "$(psql -XAtq -c "SELECT count(*) FROM pg_constraint WHERE contype = 'f'")"
}

write() { # rows come back through pg_restore
  local said
  $dump -Fc -a -t app.specimen -f rows.dump || return
  q -c "DELETE FROM specimen"
  said=$($restore --exit-on-error -d "dbname=$PGDATABASE" rows.dump 2>&1) || echo "$said"
  same "$(q -c 'SELECT count(*), sum(an_int) FROM specimen')" '2|2147483647'
}

error() {
  has "$($dump -t app.audit_log 2>&1)" 'no matching tables were found'
  has "$($(program pg_dump) -a -t app.task 2>&1)" 'row'
}

check connect connect
check introspect introspect
check text text
skip binary 'dumps are text'
if [ "$NATIVE" ]; then skip write 'refused under native row-level security'; else check write write; fi
skip transaction 'a dump is one'
skip savepoint 'pg_dump has none'
check error error
check stream stream
skip cancel 'pg_dump cancels nothing'
check tenant tenant
