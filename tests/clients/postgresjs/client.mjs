// The checks of postgres.js.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { cancelled, errors, fails, memberColumns, native, run, same, skip, slow, specimen, specimenNull, specimenText, tables, tenants, url, whole } from './checks.mjs';

const sql = postgres(url, { max: 4, onnotice: () => {} });

async function introspect() {
  const found = await sql`SELECT table_schema || '.' || table_name AS name FROM information_schema.tables WHERE table_schema IN ${sql(['app', 'billing'])} ORDER BY 1`;
  same(found.map((r) => r.name), tables);
  same((await sql`SELECT * FROM member LIMIT 0`).columns.map((c) => c.name), memberColumns);
  const described = await sql`SELECT id, title FROM task WHERE id = ${1}`.describe();
  same([described.types, described.columns.map((c) => c.name)], [[20], ['id', 'title']]);
}

async function text() {
  const found = await sql`SELECT * FROM specimen WHERE id <= ${2} ORDER BY id`;
  // It leaves intervals as text, and knows no NULLs in arrays.
  same(found, [{ ...specimen, an_interval: specimenText[17], an_int_array: [1, 2, NaN, -4], a_text_array: ['one', 'two, three', 'NULL', ''] }, specimenNull]);
  const [raw] = await sql`SELECT * FROM specimen WHERE id = 1`.raw();
  same(raw.map(String), specimenText);
}

const at = (id) => sql`SELECT id FROM specimen WHERE id = ${id}`;
const make = (on, id) => on`INSERT INTO specimen ${sql({ id, org_id: 'acme' })}`;

async function write() {
  const made = { id: 1001, org_id: 'acme', an_int: 5, a_jsonb: { x: 1 }, an_int_array: [1, 2], a_bytea: Buffer.from([0, 1]), a_timestamptz: new Date(0), an_enum: 'active' };
  same(await sql`INSERT INTO specimen ${sql(made)} RETURNING *`, [{ ...specimenNull, ...made }]);
  same((await sql`UPDATE specimen SET ${sql({ an_int: 6, a_text: "it's" })} WHERE id >= ${1001}`).count, 1);
  const many = Array.from({ length: 50 }, (_, i) => ({ id: 1100 + i, org_id: 'acme' }));
  same((await sql`INSERT INTO specimen ${sql(many)}`).count, 50);
  const gone = await sql`DELETE FROM specimen WHERE id >= 1001`;
  same([gone.count, gone.command], [51, 'DELETE']);
}

async function transaction() {
  const undone = sql.begin(async (tx) => {
    await make(tx, 1002);
    same(await at(1002), []);
    throw new Error('on purpose');
  });
  same(await undone.catch((e) => e.message), 'on purpose');
  same(await at(1002), []);
  await sql.begin('isolation level serializable', (tx) => make(tx, 1002));
  same((await sql`DELETE FROM specimen WHERE id = 1002`).count, 1);
  await fails('25006', () => sql.begin('read only', (tx) => make(tx, 1002)));
}

async function savepoint() {
  const undone = sql.begin(async (tx) => {
    await make(tx, 1003);
    await fails('23505', () => tx.savepoint((inner) => make(inner, 1003)));
    same((await tx`SELECT id FROM specimen WHERE id = 1003`).length, 1);
    throw new Error('on purpose');
  });
  same(await undone.catch((e) => e.message), 'on purpose');
  same(await at(1003), []);
}

async function* rows() {
  for await (const portion of sql`SELECT * FROM reading`.cursor(1000)) yield* portion;
}

async function cancel() {
  const query = sql.unsafe(slow);
  await cancelled(() => query, () => query.cancel());
  same(await sql`SELECT 1 AS one`, [{ one: 1 }]);
}

async function copyOut() {
  let lines = 0;
  const out = await sql`COPY reading TO STDOUT`.readable();
  // Whoever reads by a loop makes it stop reading from its socket, now and then for ever.
  out.on('data', (chunk) => { lines += chunk.toString().split('\n').length - 1; });
  await once(out, 'end');
  same(lines, (await sql`SELECT count(*)::int AS n FROM reading`)[0].n);
}

async function copyIn() {
  if (native) skip('refused under native row-level security');
  const load = async (on, text) => {
    const to = await on`COPY specimen (id, org_id, an_int) FROM STDIN`.writable();
    await new Promise((resolve, reject) => to.on('error', reject).on('finish', resolve).end(text));
  };
  await load(sql, '1004\tacme\t7\n1005\tacme\t\\N\n');
  same((await sql`DELETE FROM specimen WHERE id >= 1004 RETURNING an_int`).map((r) => r.an_int), [7, null]);
  // Of a COPY that fails it never tells; the rows are not there.
  const other = postgres(url);
  await Promise.race([load(other, '1006\tacme\t1\n1007\tglobex\t2\n'), sleep(500)]);
  same(await at(1006), []);
}

await run({
  connect: async () => same(await sql`SELECT current_user AS me`, [{ me: 'dana' }]),
  introspect, text,
  binary: () => skip('it reads text alone'),
  write, transaction, savepoint,
  error: errors((text) => sql.unsafe(text)),
  stream: () => whole(rows(), async () => (await sql`SELECT sum(id) FROM reading`)[0].sum),
  cancel,
  tenant: tenants(async (table) => (await sql`SELECT count(*) FROM ${sql(table)}`)[0].count, () => sql`SELECT * FROM specimen WHERE id = ${3}`),
  'copy to': copyOut, 'copy from': copyIn,
  'pipelined queries': async () => same((await Promise.all([1, 2, 3].map((n) => sql`SELECT ${n}::int AS n`))).map(([r]) => r.n), [1, 2, 3]),
  'many statements': async () => same((await sql`SELECT 1 AS a; SELECT 2 AS b`.simple()).map(([r]) => r), [{ a: 1 }, { b: 2 }]),
  'unprepared, for poolers': async () => {
    const other = postgres(url, { prepare: false, fetch_types: false });
    same(await other`SELECT id FROM specimen WHERE id IN ${other([1, 3])}`, [{ id: 1 }]);
    await other.end();
  },
  'listen': async () => {
    if (native) return;
    await fails('42501', () => sql.listen('news', () => {}));
  },
});
