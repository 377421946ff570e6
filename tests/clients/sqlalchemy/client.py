"""The checks of SQLAlchemy over psycopg2: the inspector, reflection, automap, the core and the ORM."""
import threading

import sqlalchemy as sa
from sqlalchemy import exc, orm
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.automap import automap_base

from checks import *

engine = sa.create_engine("postgresql+psycopg2://")
there = sa.inspect(engine)
meta = sa.MetaData()
Base = automap_base()


def state(function):
    try:
        function()
    except exc.DBAPIError as e:
        return e.orig.pgcode
    raise AssertionError("it succeeds")


with check("connect"):
    with engine.connect() as conn:
        same(conn.scalar(sa.text("SELECT current_user")), "dana")
    same(engine.dialect.default_schema_name, "app")

with check("introspect"):
    same(sorted(f"{s}.{t}" for s in ("app", "billing") for t in there.get_table_names(s)), WANT_TABLES)
    assert {"app", "billing"} <= set(there.get_schema_names())
    same(there.get_view_names("app"), [])
    same([c["name"] for c in there.get_columns("member", "app")], MEMBER)
    types = {c["name"]: str(c["type"]) for c in there.get_columns("specimen")}
    same((types["a_numeric"], types["a_varchar"], types["an_int_array"], types["an_enum"]), ("NUMERIC(20, 6)", "VARCHAR(40)", "ARRAY", "VARCHAR(8)"))
    same(there.get_pk_constraint("membership"), {"constrained_columns": ["project_id", "member_id"], "name": "membership_pkey"})
    same([(k["constrained_columns"], k["referred_table"], k["referred_columns"], k["options"]) for k in there.get_foreign_keys("comment")], [(["task_id"], "task", ["id"], {"ondelete": "CASCADE"})])
    same(sorted(i["name"] for i in there.get_indexes("task")), ["task_assignee_id_idx", "task_project_id_idx"])
    same([u["column_names"] for u in there.get_unique_constraints("invoice", "billing")], [["org_id", "number"]])
    same(sorted(c["name"] for c in there.get_check_constraints("task")), ["task_priority_check", "task_title_check"])
    same(there.get_table_comment("specimen"), {"text": "One of each type"})
    same([e["name"] for e in there.get_enums("app")], ["project_status", "task_status"])
    same(there.has_table("audit_log"), False)
    meta.reflect(engine)
    meta.reflect(engine, schema="billing")
    assert "audit_log" not in meta.tables and "task" in meta.tables

with check("text"):
    with engine.connect() as conn:
        row = conn.execute(sa.select(meta.tables["specimen"]).where(meta.tables["specimen"].c.id == 1)).one()
        same([bytes(v) if isinstance(v, memoryview) else str(v) if n == "a_uuid" else v for n, v in zip(PLAIN_NAMES, row[2:24])], [str(v) if n == "a_uuid" else v for n, v in zip(PLAIN_NAMES, PLAIN)])
        row = conn.execute(sa.select(meta.tables["specimen"]).where(meta.tables["specimen"].c.id == 2)).one()
        same(tuple(row), (2, "acme") + (None,) * 25)

skip("binary", "psycopg2 reads text alone")

with check("write"):
    t = meta.tables["specimen"]
    with engine.begin() as conn:
        same(conn.execute(sa.insert(t).returning(t.c.id), dict(id=1001, org_id="acme", an_int=5, a_jsonb={"x": 1}, an_enum="active")).scalar(), 1001)
        same(conn.execute(sa.update(t).where(t.c.id >= 1001).values(an_int=t.c.an_int + 1)).rowcount, 1)
        conn.execute(sa.insert(t), [dict(id=n, org_id="acme") for n in range(1100, 1150)])
        conn.execute(insert(t).values(id=1001, org_id="acme").on_conflict_do_update(index_elements=[t.c.id], set_=dict(an_int=9)))
        same(conn.execute(sa.delete(t).where(t.c.id >= 1001)).rowcount, 51)

with check("transaction"):
    with engine.connect() as conn:
        outer = conn.begin()
        conn.execute(sa.insert(t), dict(id=1002, org_id="acme"))
        outer.rollback()
        same(conn.scalar(sa.select(sa.func.count()).where(t.c.id == 1002)), 0)
    with engine.connect().execution_options(isolation_level="SERIALIZABLE") as conn, conn.begin():
        conn.execute(sa.insert(t), dict(id=1002, org_id="acme"))
    with engine.begin() as conn:
        same(conn.execute(sa.delete(t).where(t.c.id == 1002)).rowcount, 1)

with check("savepoint"):
    with engine.connect() as conn, conn.begin() as outer:
        conn.execute(sa.insert(t), dict(id=1003, org_id="acme"))
        inner = conn.begin_nested()
        same(state(lambda: conn.execute(sa.insert(t), dict(id=1003, org_id="acme"))), "23505")
        inner.rollback()
        same(conn.scalar(sa.select(sa.func.count()).where(t.c.id == 1003)), 1)
        outer.rollback()

with check("error"):
    for sql, wanted in ERRORS:
        with engine.connect() as conn:
            same((sql, state(lambda: conn.execute(sa.text(sql)))), (sql, wanted))

with check("stream"):
    r = meta.tables["reading"]
    with engine.connect() as conn:
        n = total = 0
        for rows in conn.execution_options(stream_results=True, max_row_buffer=5000).execute(sa.select(r)).partitions(5000):
            n, total = n + len(rows), total + sum(row.id for row in rows)
        same((n, total), (want("reading"), conn.scalar(sa.select(sa.func.sum(r.c.id)))))

with check("cancel"):
    with engine.connect() as conn:
        threading.Timer(0.5, conn.connection.cancel).start()
        same(state(lambda: conn.execute(sa.text(SLOW_QUERY))), "57014")
        conn.invalidate()
    with engine.connect() as conn:
        same(conn.scalar(sa.text("SELECT 1")), 1)

with check("tenant"):
    with engine.connect() as conn:
        for name in COUNTED:
            table = meta.tables.get(name, meta.tables.get("billing." + name))
            same((name, conn.scalar(sa.select(sa.func.count()).select_from(table))), (name, want(name)))
        same(conn.scalar(sa.select(sa.func.count()).where(t.c.id == 3)), 0)

with check("ORM"):
    Base.prepare(engine, reflect=True, name_for_scalar_relationship=lambda base, local, referred, constraint: "the_" + referred.__name__)
    Task, Comment, Project = Base.classes.task, Base.classes.comment, Base.classes.project
    with orm.Session(engine) as session:
        project = session.query(Project).order_by(Project.id).first()
        task = Task(project_id=project.id, title="mapped", priority=2, labels=["x"])
        session.add(task)
        session.flush()  # INSERT ... RETURNING id
        assert task.id > 0 and task.status == "open"
        task.title = "changed"
        session.add(Comment(the_task=task, author_id="dana", body="mine"))
        session.flush()
        same(session.query(Task).join(Project).filter(Task.title == "changed", Project.name == project.name).count(), 1)
        same(len(session.get(Task, task.id).comment_collection), 1)
        session.delete(task.comment_collection[0])
        session.delete(task)
        session.flush()
        session.rollback()

with check("DDL is refused"):
    new = sa.Table("brand_new", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True))
    same(state(lambda: new.create(engine)), "42501")
