"""The checks of psqlODBC, as spreadsheets and desktop tools use it: the catalog functions, cursors and parameters, through pyodbc."""
import datetime as dt
import decimal
import os
import threading

import pyodbc
from checks import COUNTED, check, same, skip, want

WANT = {t: want(t) for t in COUNTED}


def open_link(autocommit=True, **options):
    parts = {"Driver": "{PostgreSQL Unicode}", "Servername": os.environ["PGHOST"], "Port": os.environ["PGPORT"], "Database": os.environ["PGDATABASE"],
             "UID": os.environ["PGUSER"], "PWD": os.environ["PGPASSWORD"], "SSLmode": os.environ["PGSSLMODE"], **options}
    return pyodbc.connect(";".join(f"{k}={v}" for k, v in parts.items()), autocommit=autocommit)


link = open_link(BoolsAsChar=0)


def one(sql, *args, conn=None):
    return (conn or link).execute(sql, *args).fetchone()[0]


def connect():
    same(one("SELECT current_user"), "dana")
    same(link.getinfo(pyodbc.SQL_USER_NAME), "dana")
    same(link.getinfo(pyodbc.SQL_DATABASE_NAME), os.environ["PGDATABASE"])
    same(link.getinfo(pyodbc.SQL_DBMS_NAME), "PostgreSQL")


def introspect():
    cur = link.cursor()
    same(" ".join(sorted(f"{r.table_schem}.{r.table_name}" for r in cur.tables(tableType="TABLE") if r.table_schem in ("app", "billing"))), os.environ["WANT_TABLES"])
    same([r.table_name for r in cur.tables(table="audit_log")], [])
    same([r.column_name for r in cur.columns(table="member", schema="app")], ["id", "org_id", "username", "full_name", "joined_on", "active"])
    number = cur.columns(table="specimen", schema="app", column="a_numeric").fetchone()
    same((number.type_name, number.column_size, number.decimal_digits, number.nullable), ("numeric", 20, 6, 1))
    same([r.column_name for r in cur.primaryKeys("membership", schema="app")], ["project_id", "member_id"])
    same([(r.pktable_name, r.pkcolumn_name, r.fkcolumn_name) for r in cur.foreignKeys(foreignTable="task", foreignSchema="app")], [("project", "id", "project_id")])
    same([(r.fktable_name, r.fkcolumn_name) for r in cur.foreignKeys(table="task", schema="app")], [("comment", "task_id")])
    same({r.column_name for r in cur.statistics("reading", schema="app")} - {None}, {"id", "org_id", "sensor"})
    cur.rowIdColumns("task", schema="app").fetchall()
    cur.rowVerColumns("task", schema="app").fetchall()
    cur.procedures(schema="app").fetchall()
    assert len(cur.getTypeInfo().fetchall()) > 20
    cur.execute("SELECT id, title FROM task WHERE 1 = 0")
    same([d[0] for d in cur.description], ["id", "title"])


def values(conn):
    row = conn.execute("SELECT * FROM specimen WHERE id = ?", 1).fetchone()
    same(tuple(row[:12]), (1, "acme", -32768, 2147483647, -9223372036854775808, decimal.Decimal("12345678901234.567890"), 1.5, 2.5e-10, "Grüße, 'world'", "varchar", "char  ", True))
    same(bytes(row[12]), b"\x00\xff\x10")
    same(tuple(row[13:16]), (dt.date(2026, 2, 28), dt.time(13, 14, 15, 678901), dt.datetime(2026, 2, 28, 13, 14, 15, 678901)))
    same(row.a_uuid.lower(), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")
    same((row.a_json, row.a_jsonb, row.an_int_array, row.an_enum), ('{"a": [1, 2]}', '{"b": {"c": null}}', "{1,2,NULL,-4}", "on_hold"))
    same(set(conn.execute("SELECT * FROM specimen WHERE id = 2").fetchone()[2:]), {None})


def write():
    cur = link.cursor()
    same(one("INSERT INTO specimen (id, org_id, an_int, a_date) VALUES (?, ?, ?, ?) RETURNING an_int", 1001, "acme", 5, dt.date(2026, 1, 2)), 5)
    cur.executemany("INSERT INTO specimen (id, org_id, a_text) VALUES (?, ?, ?)", [(n, "acme", "ü") for n in range(1100, 1150)])
    same(cur.execute("UPDATE specimen SET an_int = ? WHERE id >= ?", 6, 1001).rowcount, 51)
    same(cur.execute("DELETE FROM specimen WHERE id >= 1001").rowcount, 51)


def transaction():
    other = open_link(autocommit=False)
    other.execute("INSERT INTO specimen (id, org_id) VALUES (1002, 'acme')")
    other.rollback()
    same(one("SELECT count(*) FROM specimen WHERE id = 1002"), 0)
    other.execute("INSERT INTO specimen (id, org_id) VALUES (1002, 'acme')")
    other.commit()
    same(link.execute("DELETE FROM specimen WHERE id = 1002").rowcount, 1)
    other.set_attr(pyodbc.SQL_ATTR_TXN_ISOLATION, pyodbc.SQL_TXN_SERIALIZABLE)
    same(one("SHOW transaction_isolation", conn=other), "serializable")
    other.close()


def savepoint():
    other = open_link(autocommit=False, Protocol="7.4-2")  # the driver sets savepoints of its own around each statement
    other.execute("INSERT INTO specimen (id, org_id) VALUES (1003, 'acme')")
    try:
        other.execute("INSERT INTO specimen (id, org_id) VALUES (1003, 'acme')")
        raise AssertionError("a key stands twice")
    except pyodbc.IntegrityError as e:
        same(e.args[0], "23505")
    same(one("SELECT count(*) FROM specimen WHERE id = 1003", conn=other), 1)
    other.rollback()
    other.close()


def error():
    for sql, state in [("SELECT nonesuch FROM task", ("42703", "42S22")), ("SELECT 1 / (id - id) FROM task", ("22012",)), ("SELECT * FROM audit_log", ("42P01", "42S02")),
                       ("INSERT INTO project (org_id, name, owner_id) VALUES ('globex', 'x', 'dana')", ("42501",))]:
        try:
            one(sql)
            raise AssertionError(f"{sql} succeeds")
        except pyodbc.Error as e:
            assert e.args[0] in state, (sql, e.args)


def stream():
    other = open_link(autocommit=False, UseDeclareFetch=1, Fetch=1000)
    n = total = 0
    cur = other.execute("SELECT * FROM reading")
    while rows := cur.fetchmany(4000):
        n, total = n + len(rows), total + sum(r[0] for r in rows)
    other.rollback()
    other.close()
    same(n, WANT["reading"])
    same(decimal.Decimal(total), one("SELECT sum(id) FROM reading"))


def cancel():
    cur = link.cursor()
    threading.Timer(0.5, cur.cancel).start()
    try:
        cur.execute(os.environ["SLOW_QUERY"])
        raise AssertionError("it ended by itself")
    except pyodbc.Error as e:
        assert e.args[0] in ("57014", "HY008"), e.args
    same(one("SELECT 1"), 1)


def tenant():
    for table, n in WANT.items():
        same((table, one(f"SELECT count(*) FROM {table}")), (table, n))
    same(one("SELECT count(*) FROM specimen WHERE id = ?", 3), 0)


def modes():
    for options in [{"UseServerSidePrepare": 0}, {"UseServerSidePrepare": 1}, {"UseDeclareFetch": 1}, {"Protocol": "7.4-0"}, {"UpdatableCursors": 1, "Ksqo": 0}]:
        other = open_link(**options)
        for n in range(3):
            same(one("SELECT count(*) FROM task WHERE project_id > ?", n - n, conn=other), WANT["task"])
        other.close()


with check("connect"):
    connect()
with check("introspect"):
    introspect()
with check("text"):
    values(open_link(BoolsAsChar=0, UseServerSidePrepare=0))
skip("binary", "the driver reads text alone")
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
with check("modes"):
    modes()
