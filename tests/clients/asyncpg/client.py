"""The checks of asyncpg: prepared statements, the binary format, and types that it looks up in the catalogs."""
import asyncio
import ipaddress
import json

import asyncpg

from checks import *


async def main():
    link = await asyncpg.connect()

    with check("connect"):
        same(await link.fetchval("SELECT current_user"), "dana")
        assert link.get_server_version().major >= 15
        same(link.get_settings().TimeZone, "UTC")

    with check("introspect"):
        rows = await link.fetch("SELECT table_schema || '.' || table_name AS name FROM information_schema.tables WHERE table_schema = ANY ($1) ORDER BY 1", ["app", "billing"])
        same([r["name"] for r in rows], WANT_TABLES)
        statement = await link.prepare("SELECT * FROM member WHERE id = $1")
        same([a.name for a in statement.get_attributes()], MEMBER)
        same([p.name for p in statement.get_parameters()], ["int4"])
        rows = await link.fetch("SELECT conname FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'f'", "app.comment")
        same([r["conname"] for r in rows], ["comment_task_id_fkey"])

    async def specimen():
        row = await link.fetchrow("SELECT * FROM specimen WHERE id = $1", 1)
        same([json.loads(v) if n in ("a_json", "a_jsonb") else v for n, v in zip(PLAIN_NAMES, row[2:24])], PLAIN[:15] + [dt.timedelta(days=425 + 3, hours=4, minutes=5, seconds=6)] + PLAIN[16:])
        same(row["an_inet"], ipaddress.ip_interface("192.168.1.7/24"))
        same((row["an_int_range"].lower, row["an_int_range"].upper), (3, 9))
        same((row["a_ts_range"].lower, row["a_ts_range"].upper), (BEGIN_RANGE, END_RANGE))
        same(tuple(await link.fetchrow("SELECT * FROM specimen WHERE id = $1", 2)), (2, "acme") + (None,) * 25)

    with check("text"):
        rows = await link.fetch("SELECT a_numeric::text, a_timestamptz::text, an_enum::text FROM specimen WHERE id = 1")
        same(tuple(rows[0]), ("12345678901234.567890", "2026-02-28 13:14:15.678901+00", "on_hold"))
        await link.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
        same(await link.fetchval("SELECT a_jsonb FROM specimen WHERE id = 1"), {"b": {"c": None}})
        await link.reset_type_codec("jsonb", schema="pg_catalog")

    with check("binary"):
        await specimen()

    with check("write"):
        same(await link.fetchval("INSERT INTO specimen (id, org_id, an_int, an_int_array, an_enum) VALUES ($1, $2, $3, $4, $5) RETURNING id", 1001, "acme", 5, [1, 2], "active"), 1001)
        same(await link.execute("UPDATE specimen SET an_int = $1 WHERE id >= $2", 6, 1001), "UPDATE 1")
        await link.executemany("INSERT INTO specimen (id, org_id) VALUES ($1, $2)", [(n, "acme") for n in range(1100, 1150)])
        same(await link.execute("DELETE FROM specimen WHERE id >= 1001"), "DELETE 51")

    with check("transaction"):
        transaction = link.transaction()
        await transaction.start()
        await link.execute("INSERT INTO specimen (id, org_id) VALUES (1002, 'acme')")
        await transaction.rollback()
        same(await link.fetchval("SELECT count(*) FROM specimen WHERE id = 1002"), 0)
        async with link.transaction(isolation="serializable"):
            await link.execute("INSERT INTO specimen (id, org_id) VALUES (1002, 'acme')")
        same(await link.execute("DELETE FROM specimen WHERE id = 1002"), "DELETE 1")

    with check("savepoint"):
        async with link.transaction():
            await link.execute("INSERT INTO specimen (id, org_id) VALUES (1003, 'acme')")
            try:
                async with link.transaction():
                    await link.execute("INSERT INTO specimen (id, org_id) VALUES (1003, 'acme')")
                raise AssertionError("a key stands twice")
            except asyncpg.UniqueViolationError:
                pass
            same(await link.execute("DELETE FROM specimen WHERE id = 1003"), "DELETE 1")

    with check("error"):
        for query, state in ERRORS:
            try:
                await link.fetch(query)
                raise AssertionError(f"{query} succeeds")
            except asyncpg.PostgresError as e:
                same((query, e.sqlstate), (query, state))
                if state == "42703":
                    same(e.position, "8")

    with check("stream"):
        n = total = 0
        async with link.transaction():
            async for row in link.cursor("SELECT * FROM reading", prefetch=5000):
                n, total = n + 1, total + row["id"]
            cursor = await link.cursor("SELECT id FROM reading ORDER BY id")
            await cursor.forward(10)
            same(len(await cursor.fetch(5)), 5)
        same(n, want("reading"))
        same(total, int(await link.fetchval("SELECT sum(id) FROM reading")))

    with check("cancel"):
        try:
            await link.fetch(SLOW_QUERY, timeout=0.5)
            raise AssertionError("it ended by itself")
        except asyncio.TimeoutError:
            pass
        same(await link.fetchval("SELECT 1"), 1)

    with check("tenant"):
        for table in COUNTED:
            same((table, await link.fetchval(f"SELECT count(*) FROM {table}")), (table, want(table)))
        same(await link.fetchval("SELECT count(*) FROM specimen WHERE id = $1", 3), 0)

    with check("pool"):  # which resets a connection when it comes back
        async with asyncpg.create_pool(min_size=2, max_size=3) as pool:
            for _ in range(6):
                async with pool.acquire() as conn:
                    same(await conn.fetchval("SELECT count(*) FROM task"), want("task"))

    with check("copy out"):
        lines = []

        async def take(data):
            lines.append(data.count(b"\n"))
        await link.copy_from_query("SELECT id FROM reading WHERE id > $1", 0, output=take)
        same(sum(lines), want("reading"))

    if NATIVE:
        skip("copy in", "refused under native row-level security")
    else:
        with check("copy in"):
            same(await link.copy_records_to_table("specimen", columns=["id", "org_id"], records=[(n, "acme") for n in range(1200, 1300)]), "COPY 100")
            same(await link.execute("DELETE FROM specimen WHERE id >= 1200"), "DELETE 100")

    await link.close()


asyncio.run(main())
