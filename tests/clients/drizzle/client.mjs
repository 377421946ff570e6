// The checks of Drizzle, whose driver is node-postgres.
import { asc, count, eq, gte, lte, sql, sum } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { bigint, boolean, char, date, doublePrecision, inet, integer, interval, json, jsonb, numeric, pgSchema, real, smallint, text, time, timestamp, uuid, varchar } from 'drizzle-orm/pg-core';
import pg from 'pg';
import { errors, fails, run, same, skip, slow, specimen, specimenNull, specimenText, tables, tenants, url, whole } from './checks.mjs';

const db = drizzle(new pg.Pool({ connectionString: url, max: 4 }));
const app = pgSchema('app');
const status = app.enum('project_status', ['planned', 'active', 'on_hold', 'finished']);
const Specimen = app.table('specimen', {
  id: integer().primaryKey(), org_id: text().notNull(), a_smallint: smallint(), an_int: integer(), a_bigint: bigint({ mode: 'bigint' }), a_numeric: numeric({ precision: 20, scale: 6 }), a_real: real(),
  a_double: doublePrecision(), a_text: text(), a_varchar: varchar({ length: 40 }), a_char: char({ length: 6 }), a_bool: boolean(), a_date: date({ mode: 'date' }), a_time: time(),
  a_timestamp: timestamp({ mode: 'date' }), a_timestamptz: timestamp({ withTimezone: true, mode: 'date' }), an_interval: interval(), a_uuid: uuid(), a_json: json(), a_jsonb: jsonb(),
  an_int_array: integer().array(), a_text_array: text().array(), an_enum: status(), an_inet: inet(),
});
const plain = (schema, name) => schema.table(name, { id: integer() });
const models = Object.fromEntries(['task', 'project', 'member', 'comment', 'reading'].map((t) => [t, plain(app, t)]));
models.invoice = plain(pgSchema('billing'), 'invoice');

async function introspect() {
  const found = await db.execute(sql`SELECT table_schema || '.' || table_name AS name FROM information_schema.tables WHERE table_schema IN ('app', 'billing') ORDER BY 1`);
  same(found.rows.map((r) => r.name), tables);
}

async function values() {
  const found = await db.select().from(Specimen).where(lte(Specimen.id, 2)).orderBy(asc(Specimen.id));
  const { a_bytea, an_int_range, a_ts_range, ...wanted } = specimen;
  const nulls = Object.fromEntries(Object.keys(wanted).map((c) => [c, specimenNull[c]]));
  same(found, [{ ...wanted, a_bigint: -9223372036854775808n, an_interval: specimenText[17] }, nulls]);
}

const has = async (id, on = db) => (await on.select({ id: Specimen.id }).from(Specimen).where(eq(Specimen.id, id))).length;
const make = (id, on = db) => on.insert(Specimen).values({ id, org_id: 'acme' });

async function write() {
  const made = await db.insert(Specimen).values({ id: 1001, org_id: 'acme', an_int: 5, a_jsonb: { x: 1 }, an_int_array: [1, 2], an_enum: 'active' }).returning({ id: Specimen.id, a_jsonb: Specimen.a_jsonb });
  same(made, [{ id: 1001, a_jsonb: { x: 1 } }]);
  same((await db.update(Specimen).set({ an_int: sql`${Specimen.an_int} + 1` }).where(eq(Specimen.id, 1001))).rowCount, 1);
  same(await db.insert(Specimen).values({ id: 1001, org_id: 'acme' }).onConflictDoUpdate({ target: Specimen.id, set: { a_text: "it's" } }).returning({ n: Specimen.an_int, t: Specimen.a_text }), [{ n: 6, t: "it's" }]);
  same((await db.delete(Specimen).where(gte(Specimen.id, 1001))).rowCount, 1);
}

async function transaction() {
  const undone = db.transaction(async (tx) => {
    await make(1002, tx);
    same(await has(1002), 0);
    throw new Error('on purpose');
  });
  same(await undone.catch((e) => e.message), 'on purpose');
  same(await has(1002), 0);
  await db.transaction((tx) => make(1002, tx), { isolationLevel: 'serializable' });
  same((await db.delete(Specimen).where(eq(Specimen.id, 1002))).rowCount, 1);
  await fails('25006', () => db.transaction((tx) => make(1002, tx), { accessMode: 'read only' }));
}

async function savepoint() {
  const undone = db.transaction(async (tx) => {
    await make(1003, tx);
    await fails('23505', () => tx.transaction((inner) => make(1003, inner)));
    same(await has(1003, tx), 1);
    tx.rollback();
  });
  same(await undone.catch((e) => e.constructor.name), 'TransactionRollbackError');
  same(await has(1003), 0);
}

await run({
  connect: async () => same((await db.execute(sql`SELECT current_user AS me`)).rows, [{ me: 'dana' }]),
  introspect, text: values,
  binary: () => skip('its driver, node-postgres, has no binary mode'),
  write, transaction, savepoint,
  error: errors((statement) => db.execute(sql.raw(statement))),
  stream: () => skip('it has no streams'),
  cancel: async () => {
    await fails('57014', () => db.transaction(async (tx) => {
      await tx.execute(sql`SET LOCAL statement_timeout = '300ms'`);
      await tx.execute(sql.raw(slow));
    }));
    skip('it cancels nothing by itself; statement_timeout works');
  },
  tenant: tenants((table) => db.$count(models[table]), () => db.select({ id: Specimen.id }).from(Specimen).where(eq(Specimen.id, 3))),
  'all rows at once': () => whole(db.select().from(models.reading), async () => (await db.select({ sum: sum(models.reading.id) }).from(models.reading))[0].sum),
  prepared: async () => {
    const byId = db.select({ n: count() }).from(Specimen).where(eq(Specimen.id, sql.placeholder('id'))).prepare('by_id');
    same([await byId.execute({ id: 1 }), await byId.execute({ id: 3 })], [[{ n: 1 }], [{ n: 0 }]]);
  },
});
