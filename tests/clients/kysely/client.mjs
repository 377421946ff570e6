// The checks of Kysely, whose driver is node-postgres.
import { CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import Cursor from 'pg-cursor';
import { errors, fails, memberColumns, run, same, skip, slow, specimen, specimenNull, tables, tenants, url, whole } from './checks.mjs';

const db = new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url, max: 4 }), cursor: Cursor }) });

async function introspect() {
  const found = await db.introspection.getTables();
  const ours = found.filter((t) => t.schema !== 'public');
  same(ours.map((t) => `${t.schema}.${t.name}`).sort(), tables);
  const member = ours.find((t) => t.name === 'member');
  same(member.columns.map((c) => [c.name, c.dataType, c.isNullable]), [
    ['id', 'int4', false], ['org_id', 'text', false], ['username', 'text', false], ['full_name', 'text', false], ['joined_on', 'date', false], ['active', 'bool', false],
  ]);
  same(member.columns.map((c) => c.name), memberColumns);
  same((await db.introspection.getSchemas()).map((s) => s.name).filter((s) => ['app', 'billing'].includes(s)).sort(), ['app', 'billing']);
}

async function text() {
  same(await db.selectFrom('specimen').selectAll().where('id', '<=', 2).orderBy('id').execute(), [specimen, specimenNull]);
}

const at = (id, on = db) => on.selectFrom('specimen').select('id').where('id', '=', id).execute();
const make = (id, on = db) => on.insertInto('specimen').values({ id, org_id: 'acme' }).execute();
const remove = async (id) => Number((await db.deleteFrom('specimen').where('id', '>=', id).executeTakeFirst()).numDeletedRows);

async function write() {
  const made = { id: 1001, org_id: 'acme', an_int: 5, a_jsonb: { x: 1 }, an_int_array: [1, 2], an_enum: 'active' };
  same(await db.insertInto('specimen').values(made).returningAll().executeTakeFirst(), { ...specimenNull, ...made });
  const updated = await db.updateTable('specimen').set((eb) => ({ an_int: eb('an_int', '+', 1) })).where('id', '=', 1001).executeTakeFirst();
  same(updated.numUpdatedRows, 1n);
  await db.insertInto('specimen').values({ id: 1001, org_id: 'acme' }).onConflict((c) => c.column('id').doUpdateSet({ a_text: "it's" })).execute();
  same(await db.selectFrom('specimen').select(['an_int', 'a_text']).where('id', '=', 1001).execute(), [{ an_int: 6, a_text: "it's" }]);
  same(await remove(1001), 1);
}

async function transaction() {
  const undone = db.transaction().execute(async (trx) => {
    await make(1002, trx);
    same(await at(1002), []);
    throw new Error('on purpose');
  });
  same(await undone.catch((e) => e.message), 'on purpose');
  same(await at(1002), []);
  await db.transaction().setIsolationLevel('serializable').execute((trx) => make(1002, trx));
  same(await remove(1002), 1);
  await fails('25006', () => db.transaction().setAccessMode('read only').execute((trx) => make(1002, trx)));
}

async function savepoint() {
  const trx = await db.startTransaction().execute();
  await make(1003, trx);
  const inner = await trx.savepoint('s').execute();
  await fails('23505', () => make(1003, inner));
  await inner.rollbackToSavepoint('s').execute();
  same(await at(1003, trx), [{ id: 1003 }]);
  await trx.rollback().execute();
  same(await at(1003), []);
}

await run({
  connect: async () => same((await sql`SELECT current_user AS me`.execute(db)).rows, [{ me: 'dana' }]),
  introspect, text,
  binary: () => skip('its driver, node-postgres, has no binary mode'),
  write, transaction, savepoint,
  error: errors((text) => db.executeQuery(CompiledQuery.raw(text))),
  stream: () => whole(db.selectFrom('reading').selectAll().stream(1000), async () => (await db.selectFrom('reading').select((eb) => eb.fn.sum('id').as('sum')).executeTakeFirst()).sum),
  cancel: async () => {
    await fails('57014', () => db.transaction().execute(async (trx) => {
      await sql`SET LOCAL statement_timeout = '300ms'`.execute(trx);
      await sql.raw(slow).execute(trx);
    }));
    skip('it cancels nothing by itself; statement_timeout works');
  },
  tenant: tenants(async (table) => (await db.selectFrom(table).select((eb) => eb.fn.countAll().as('n')).executeTakeFirst()).n, () => at(3)),
  'joins and json': async () => {
    const found = await db.selectFrom('project as p').innerJoin('task as t', 't.project_id', 'p.id').select(['p.org_id', sql`json_agg(t.id)`.as('ids')]).groupBy('p.org_id').execute();
    same(found.map((r) => r.org_id), ['acme']);
  },
  'migration refused': () => fails('42501', () => db.schema.createTable('app.fresh').addColumn('id', 'integer').execute()),
});
