"""The checks of psycopg 3, which sends parameters apart, prepares what it repeats, and reads both formats."""
import asyncio
import ipaddress
import json
import threading
import time

import psycopg
from psycopg import sql
from psycopg.pq import DiagnosticField, ExecStatus, PGconn
from psycopg.types import TypeInfo
from psycopg.types.enum import EnumInfo
from psycopg.types.json import Json

from checks import *

link = psycopg.connect("", autocommit=True)


def one(query, args=None, binary=False):
    return link.execute(query, args, binary=binary).fetchone()


def specimen(binary):
    row = one("SELECT * FROM specimen WHERE id = %s", (1,), binary)
    same(list(row[2:23]), PLAIN[:-1])
    same(row[23], b"on_hold" if binary else "on_hold")  # of an enum that was not registered
    same(row[24], ipaddress.ip_interface("192.168.1.7/24"))
    same((row[25].lower, row[25].upper), (3, 9))
    same((row[26].lower, row[26].upper), (BEGIN_RANGE, END_RANGE))
    same(one("SELECT * FROM specimen WHERE id = %s", (2,), binary), (2, "acme") + (None,) * 25)


with check("connect"):
    same(one("SELECT current_user"), ("dana",))
    same(link.info.encoding, "utf-8")
    assert link.info.backend_pid > 0

with check("introspect"):
    rows = link.execute("SELECT table_schema || '.' || table_name FROM information_schema.tables WHERE table_schema = ANY (%s) ORDER BY 1", (["app", "billing"],)).fetchall()
    same([r[0] for r in rows], WANT_TABLES)
    rows = link.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position", ("member",)).fetchall()
    same([r[0] for r in rows], MEMBER)
    same(TypeInfo.fetch(link, "hstore"), None)
    info = EnumInfo.fetch(link, "project_status")
    same(list(info.labels), ["planned", "active", "on_hold", "finished"])
    same(TypeInfo.fetch(link, sql.Identifier("app", "task_status")).name, "task_status")

with check("text"):
    specimen(False)

with check("binary"):
    specimen(True)

with check("write"):
    same(one("INSERT INTO specimen (id, org_id, an_int, a_jsonb, an_int_array, a_timestamptz) VALUES (%s, %s, %s, %s, %s, now()) RETURNING id", (1001, "acme", 5, Json({"x": 1}), [1, 2])), (1001,))
    same(link.execute("UPDATE specimen SET an_int = %b WHERE id >= %s", (6, 1001)).rowcount, 1)
    with link.cursor() as cur:
        cur.executemany("INSERT INTO specimen (id, org_id) VALUES (%s, %s) RETURNING id", [(n, "acme") for n in range(1100, 1150)], returning=True)
        same(cur.fetchone(), (1100,))
    same(link.execute("DELETE FROM specimen WHERE id >= 1001").rowcount, 51)

with check("transaction"):
    with psycopg.connect("") as other:
        other.execute("INSERT INTO specimen (id, org_id) VALUES (1002, 'acme')")
        other.rollback()
        same(one("SELECT count(*) FROM specimen WHERE id = 1002"), (0,))
        other.execute("INSERT INTO specimen (id, org_id) VALUES (1002, 'acme')")
    same(one("SELECT count(*) FROM specimen WHERE id = 1002"), (1,))
    link.execute("DELETE FROM specimen WHERE id = 1002")
    other = psycopg.connect("")
    other.isolation_level, other.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
    same(other.execute("SHOW transaction_isolation").fetchone(), ("repeatable read",))
    other.close()

with check("savepoint"):
    with psycopg.connect("") as other:
        other.execute("INSERT INTO specimen (id, org_id) VALUES (1003, 'acme')")
        try:
            with other.transaction():
                other.execute("INSERT INTO specimen (id, org_id) VALUES (1003, 'acme')")
            raise AssertionError("a key stands twice")
        except psycopg.errors.UniqueViolation:
            pass
        same(other.execute("SELECT count(*) FROM specimen WHERE id = 1003").fetchone(), (1,))
        other.rollback()

with check("error"):
    for query, state in ERRORS:
        try:
            one(query)
            raise AssertionError(f"{query} succeeds")
        except psycopg.Error as e:
            same((query, e.sqlstate), (query, state))
            if state == "42703":
                same(e.diag.statement_position, "8")

with check("stream"):
    n = total = 0
    with psycopg.connect("") as other, other.cursor("streamed") as cur:
        cur.itersize = 5000
        for row in cur.execute("SELECT * FROM reading WHERE id > %s", (0,)):
            n, total = n + 1, total + row[0]
    same(n, want("reading"))
    same((total,), one("SELECT sum(id) FROM reading"))
    with link.cursor() as cur:  # row by row
        same(sum(1 for _ in cur.stream("SELECT id FROM reading")), n)

with check("cancel"):
    threading.Timer(0.5, link.cancel).start()
    try:
        one(SLOW_QUERY)
        raise AssertionError("it ended by itself")
    except psycopg.errors.QueryCanceled:
        pass
    same(one("SELECT 1"), (1,))

with check("tenant"):
    for table in COUNTED:
        same((table, one(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))[0]), (table, want(table)))
    same(one("SELECT count(*) FROM specimen WHERE id = %s", (3,)), (0,))

with check("prepared"):
    for n in range(12):  # from the fifth time on, prepared by name
        same(one("SELECT count(*) FROM task WHERE priority > %s", (0,)), (want("task"),))
    same(link.execute("SELECT count(*) FROM task WHERE priority > %s", (0,), prepare=True).fetchone(), (want("task"),))
    link.execute("DEALLOCATE ALL")

with check("pipeline"):
    with link.pipeline():
        cursors = [link.execute("SELECT count(*) FROM reading WHERE sensor = %s", (n,)) for n in range(0, 40, 2)]
    same(sum(c.fetchone()[0] for c in cursors), want("reading"))

with check("copy out"):
    with link.cursor().copy("COPY (SELECT id, value FROM reading) TO STDOUT (FORMAT BINARY)") as copy:
        copy.set_types(["int8", "float8"])
        same(sum(1 for _ in copy.rows()), want("reading"))

if NATIVE:
    skip("copy in", "refused under native row-level security")
else:
    with check("copy in"):
        with link.cursor().copy("COPY specimen (id, org_id, an_int) FROM STDIN") as copy:
            for n in range(1200, 1300):
                copy.write_row((n, "acme", None))
        with link.cursor().copy("COPY specimen (id, org_id) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int4", "text"])
            copy.write_row((1300, "acme"))
        same(link.execute("DELETE FROM specimen WHERE id >= 1200").rowcount, 101)

    with check("copy in by the extended protocol"):
        raw = PGconn.connect(b"")

        def load(sql, rows):
            same(raw.exec_params(sql, None).status, ExecStatus.COPY_IN)
            while raw.put_copy_data(rows) != 1:
                pass
            raw.put_copy_end()
            end = raw.get_result()
            while raw.get_result():
                pass
            return end

        same(load(b"COPY specimen (id, org_id) FROM STDIN", b"1400\tacme\n1401\tacme\n").command_status, b"COPY 2")
        refused = load(b"COPY specimen (id, org_id) FROM STDIN", b"1402\tacme\n1403\tglobex\n")
        same(refused.error_field(DiagnosticField.SQLSTATE), b"42501")
        same(load(b"COPY task (id, project_id, title) FROM STDIN", b"1400\t1\tloaded\n").command_status, b"COPY 1")
        same(link.execute("DELETE FROM specimen WHERE id >= 1200").rowcount, 2)
        same(link.execute("DELETE FROM task WHERE title = 'loaded'").rowcount, 1)


async def asynchronous():
    async with await psycopg.AsyncConnection.connect("") as other:
        cur = await other.execute("SELECT count(*) FROM task")
        same(await cur.fetchone(), (want("task"),))

with check("asyncio"):
    asyncio.run(asynchronous())
