"""The checks of pgcli: what it asks for its completions, the commands with a backslash, and a session on a terminal."""
import logging
import os
import subprocess
import threading

from pgcli.pgexecute import PGExecute
from pgspecial.main import PGSpecial

from checks import *

logging.disable()  # it logs every error, and errors are what some checks are about
e = os.environ
pgcli = PGExecute(database=e["PGDATABASE"], user=e["PGUSER"], password=e["PGPASSWORD"], host=e["PGHOST"], port=e["PGPORT"])
special = PGSpecial()


class Refused(Exception):
    pass


def refuse(error, *_):
    raise Refused(error)


def run(sql):
    """The rows of each statement; an error has its text."""
    results = []
    for title, rows, headers, status, *_ in pgcli.run(sql, pgspecial=special, exception_formatter=lambda e, *_: f"{e.sqlstate} {e}"):
        if rows is None and status and status[:5].isalnum() and status[5:6] == " " and any(c.isdigit() for c in status[:5]):
            raise Refused(status)
        results.append(list(rows) if rows is not None else status)
    return results


def state(sql):
    try:
        run(sql)
    except Refused as refused:
        return str(refused)[:5]
    raise AssertionError(f"{sql} succeeds")


with check("connect"):
    same(run("SELECT current_user"), [[("dana",)]])
    same(pgcli.server_version.split(".")[0].isdigit(), True)

with check("introspect"):
    same(sorted(".".join(t) for t in pgcli.tables() if t[0] in ("app", "billing")), WANT_TABLES)
    same(pgcli.search_path()[-2:], ["app", "billing"])
    assert {"app", "billing"} <= set(pgcli.schemata())
    same([c[2] for c in pgcli.table_columns() if c[:2] == ("app", "member")], MEMBER)
    same([k for k in pgcli.foreignkeys() if k[1] == "comment" or k[4] == "comment"], [("app", "task", "id", "app", "comment", "task_id")])
    same([v for v in pgcli.views() if v[0] in ("app", "billing")], [])
    same([c for c in pgcli.view_columns() if c[0] in ("app", "billing")], [])
    assert ("app", "task_status") in list(pgcli.datatypes())
    assert e["PGDATABASE"] in pgcli.databases()
    same([f for f in pgcli.functions() if f.schema_name in ("app", "billing")], [])

with check("text"):
    row = run("SELECT * FROM specimen WHERE id = 1")[0][0]
    same((row[4], row[12]), (-9223372036854775808, "\\x00ff10"))
    same(row[15:18], ("2026-02-28 13:14:15.678901", "2026-02-28 13:14:15.678901+00", PLAIN[15]))
    same(run("SELECT * FROM specimen WHERE id = 2"), [[(2, "acme") + (None,) * 25]])

skip("binary", "pgcli shows text")

with check("write"):
    same(run("INSERT INTO specimen (id, org_id, an_int) VALUES (1001, 'acme', 5)"), ["INSERT 0 1"])
    same(run("UPDATE specimen SET an_int = 6 WHERE id = 1001; DELETE FROM specimen WHERE id = 1001"), ["UPDATE 1", "DELETE 1"])

with check("transaction"):
    run("BEGIN; INSERT INTO specimen (id, org_id) VALUES (1002, 'acme'); ROLLBACK")
    same(int(run("SELECT count(*) FROM specimen WHERE id = 1002")[0][0][0]), 0)
    run("BEGIN; INSERT INTO specimen (id, org_id) VALUES (1002, 'acme'); COMMIT")
    same(run("DELETE FROM specimen WHERE id = 1002"), ["DELETE 1"])

with check("savepoint"):
    run("BEGIN; INSERT INTO specimen (id, org_id) VALUES (1003, 'acme'); SAVEPOINT s")
    same(state("INSERT INTO specimen (id, org_id) VALUES (1003, 'acme')"), "23505")
    run("ROLLBACK TO SAVEPOINT s")
    same(int(run("SELECT count(*) FROM specimen WHERE id = 1003")[0][0][0]), 1)
    run("ROLLBACK")

with check("error"):
    for sql, wanted in ERRORS:
        same((sql, state(sql)), (sql, wanted))

with check("stream"):
    same(len(run("SELECT * FROM reading")[0]), want("reading"))

with check("cancel"):
    threading.Timer(0.5, pgcli.conn.cancel).start()
    same(state(SLOW_QUERY), "57014")
    same(int(run("SELECT 1")[0][0][0]), 1)

with check("tenant"):
    for table in COUNTED:
        same((table, int(run(f"SELECT count(*) FROM {table}")[0][0][0])), (table, want(table)))
    same(int(run("SELECT count(*) FROM specimen WHERE id = 3")[0][0][0]), 0)

with check("commands"):
    for command in ["\\l", "\\dt", "\\dt app.*", "\\d", "\\d task", "\\d+ member", "\\dn", "\\df app.*", "\\dT", "\\di", "\\dv", "\\ds", "\\du", "\\dx", "\\ddp", "\\dD", "\\db", "\\dE", "\\dF", "\\dm"]:
        said = str(run(command))
        assert "audit_log" not in said and "email" not in said, (command, said)

with check("terminal"):
    keys = "SELECT count(*) FROM task;\n\\dt\n\\q\n"
    said = subprocess.run(["script", "-qec", "pgcli --less-chatty --row-limit 0", "/dev/null"], input=keys, text=True, capture_output=True, timeout=60, env=dict(e, HOME=os.getcwd(), TERM="dumb")).stdout
    assert f"| {want('task')}" in said and "specimen" in said, said[-300:]
