"""The checks of psycopg2. It reads text alone, and substitutes parameters itself."""
import datetime as dt
import decimal
import os
import threading
import time
import uuid

import psycopg2
import psycopg2.extras
from checks import check, same, skip
from psycopg2 import errors

psycopg2.extras.register_uuid()
psycopg2.extras.register_inet()


def one(sql, args=None, conn=None):
    conn = conn or link
    with conn.cursor() as cur:
        cur.execute(sql, args)
        return cur.fetchone()


link = psycopg2.connect("")
link.autocommit = True


def connect():
    same(one("SELECT current_user"), ("dana",))
    same(link.get_parameter_status("server_encoding"), "UTF8")
    same(link.info.user, "dana")


def introspect():
    with link.cursor() as cur:
        cur.execute("SELECT table_schema || '.' || table_name FROM information_schema.tables WHERE table_schema IN ('app', 'billing') ORDER BY 1")
        same(" ".join(r[0] for r in cur), os.environ["WANT_TABLES"])
        cur.execute("SELECT column_name FROM information_schema.columns WHERE table_schema = 'app' AND table_name = %s ORDER BY ordinal_position", ("member",))
        same([r[0] for r in cur], ["id", "org_id", "username", "full_name", "joined_on", "active"])
        cur.execute("SELECT * FROM task LIMIT 0")
        same([d.name for d in cur.description][:3], ["id", "project_id", "title"])
        cur.execute("""SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
            WHERE i.indrelid = 'app.membership'::regclass AND i.indisprimary ORDER BY a.attnum""")
        same([r[0] for r in cur], ["project_id", "member_id"])


def text():
    utc = dt.timezone.utc
    row = one("SELECT * FROM specimen WHERE id = 1")
    same(row[:15], (1, "acme", -32768, 2147483647, -9223372036854775808, decimal.Decimal("12345678901234.567890"), 1.5, 2.5e-10, "Grüße, 'world'", "varchar", "char  ", True,
                    row[12], dt.date(2026, 2, 28), dt.time(13, 14, 15, 678901)))
    same(bytes(row[12]), b"\x00\xff\x10")
    same(row[15], dt.datetime(2026, 2, 28, 13, 14, 15, 678901))
    same(row[16], dt.datetime(2026, 2, 28, 13, 14, 15, 678901, utc))
    same(row[17], dt.timedelta(days=365 + 60 + 3, hours=4, minutes=5, seconds=6))
    same(row[18], uuid.UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"))
    same(row[19:21], ({"a": [1, 2]}, {"b": {"c": None}}))
    same(row[21:24], ([1, 2, None, -4], ["one", "two, three", None, ""], "on_hold"))
    same(row[24].addr, "192.168.1.7/24")
    same((row[25].lower, row[25].upper), (3, 9))
    same(row[26].upper, dt.datetime(2026, 2, 1, tzinfo=utc))
    same(one("SELECT * FROM specimen WHERE id = 2"), (2, "acme") + (None,) * 25)


def write():
    with link.cursor() as cur:
        cur.execute("INSERT INTO specimen (id, org_id, an_int, a_jsonb, an_int_array) VALUES (%s, %s, %s, %s, %s) RETURNING id", (1001, "acme", 5, psycopg2.extras.Json({"x": 1}), [1, 2]))
        same(cur.fetchone(), (1001,))
        cur.execute("UPDATE specimen SET an_int = %s WHERE id >= %s", (6, 1001))
        same(cur.rowcount, 1)
        psycopg2.extras.execute_values(cur, "INSERT INTO specimen (id, org_id) VALUES %s", [(n, "acme") for n in range(1100, 1150)])
        cur.execute("DELETE FROM specimen WHERE id >= 1001")
        same(cur.rowcount, 51)


def transaction():
    other = psycopg2.connect("")
    with other.cursor() as cur:
        cur.execute("INSERT INTO specimen (id, org_id) VALUES (1002, 'acme')")
    other.rollback()
    same(one("SELECT count(*) FROM specimen WHERE id = 1002"), (0,))
    with other, other.cursor() as cur:
        cur.execute("INSERT INTO specimen (id, org_id) VALUES (1002, 'acme')")
    same(one("SELECT count(*) FROM specimen WHERE id = 1002"), (1,))
    with link.cursor() as cur:
        cur.execute("DELETE FROM specimen WHERE id = 1002")
    other.set_session(isolation_level="SERIALIZABLE", readonly=True)
    same(one("SHOW transaction_isolation", conn=other), ("serializable",))
    other.close()


def savepoint():
    other = psycopg2.connect("")
    with other.cursor() as cur:
        cur.execute("INSERT INTO specimen (id, org_id) VALUES (1003, 'acme')")
        cur.execute("SAVEPOINT s")
        try:
            cur.execute("INSERT INTO specimen (id, org_id) VALUES (1003, 'acme')")
            raise AssertionError("a key stands twice")
        except errors.UniqueViolation:
            cur.execute("ROLLBACK TO SAVEPOINT s")
        cur.execute("SELECT count(*) FROM specimen WHERE id = 1003")
        same(cur.fetchone(), (1,))
    other.rollback()
    other.close()


def error():
    for sql, state in [("SELECT nonesuch FROM task", "42703"), ("SELECT 1 / (id - id) FROM task", "22012"), ("SELECT * FROM audit_log", "42P01"),
                       ("INSERT INTO project (org_id, name, owner_id) VALUES ('globex', 'x', 'dana')", "42501")]:
        try:
            one(sql)
            raise AssertionError(f"{sql} succeeds")
        except psycopg2.Error as e:
            same((sql, e.pgcode), (sql, state))
            if state == "42703":
                same(e.diag.statement_position, "8")


def stream():
    other = psycopg2.connect("")
    with other.cursor("streamed") as cur:
        cur.itersize = 5000
        cur.execute("SELECT * FROM reading")
        n = total = 0
        for row in cur:
            n, total = n + 1, total + row[0]
    other.rollback()
    with other.cursor("kept", withhold=True, scrollable=True) as cur:
        cur.execute("SELECT id FROM reading ORDER BY id")
        other.commit()
        same(len(cur.fetchmany(10)), 10)
    other.close()
    same(n, int(os.environ["WANT_READINGS"]))
    same((total,), one("SELECT sum(id) FROM reading"))


def cancel():
    threading.Timer(0.5, link.cancel).start()
    began = time.time()
    try:
        one(os.environ["SLOW_QUERY"])
        raise AssertionError("it ended by itself")
    except errors.QueryCanceled as e:
        same(e.pgcode, "57014")
    assert time.time() - began < 10
    same(one("SELECT 1"), (1,))


def tenant():
    for table in ["task", "project", "member", "comment", "invoice", "reading"]:
        same((table, one(f"SELECT count(*) FROM {table}")[0]), (table, int(os.environ[f"WANT_{table.upper()}S"])))
    same(one("SELECT count(*) FROM specimen WHERE id = %s", (3,)), (0,))


def copying():
    import io
    out = io.StringIO()
    with link.cursor() as cur:
        cur.copy_expert("COPY (SELECT id FROM reading) TO STDOUT", out)
        same(out.getvalue().count("\n"), int(os.environ["WANT_READINGS"]))
        if os.environ["NATIVE"]:  # where PostgreSQL refuses it
            return
        cur.copy_from(io.StringIO("1004\tacme\n1005\tacme\n"), "specimen", columns=("id", "org_id"))
        cur.execute("DELETE FROM specimen WHERE id >= 1004")
        same(cur.rowcount, 2)


def types():
    same(psycopg2.extras.HstoreAdapter.get_oids(link), ((), ()))  # no such extension here


with check("connect"):
    connect()
with check("introspect"):
    introspect()
with check("text"):
    text()
skip("binary", "psycopg2 reads text alone")
with check("write"):
    write()
with check("transaction"):
    transaction()
with check("savepoint"):
    savepoint()
with check("error"):
    error()
with check("stream"):
    stream()
with check("cancel"):
    cancel()
with check("tenant"):
    tenant()
with check("copy"):
    copying()
with check("type look-ups"):
    types()
