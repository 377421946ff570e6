// The checks of Knex, whose driver is node-postgres.
import knex from 'knex';
import { errors, fails, memberColumns, run, same, skip, slow, specimen, specimenNull, tables, tenants, url, whole } from './checks.mjs';

const db = knex({ client: 'pg', connection: url, searchPath: ['app', 'billing'], pool: { min: 0, max: 4 } });

async function introspect() {
  const found = await db('information_schema.tables').select('table_schema', 'table_name').whereIn('table_schema', ['app', 'billing']).orderBy(['table_schema', 'table_name']);
  same(found.map((r) => `${r.table_schema}.${r.table_name}`), tables);
  const columns = await db('member').columnInfo();
  same(Object.keys(columns).sort(), [...memberColumns].sort());
  same(columns.full_name, { type: 'text', maxLength: null, nullable: false, defaultValue: null });
  same(await db.schema.hasTable('task'), true);
  same(await db.schema.hasTable('audit_log'), false);
  same(await db.schema.hasColumn('member', 'full_name'), true);
  same(await db.schema.hasColumn('member', 'email'), false);
}

async function text() {
  same(await db('specimen').where('id', '<=', 2).orderBy('id'), [specimen, specimenNull]);
}

const at = (id) => db('specimen').where({ id });

async function write() {
  same(await db('specimen').insert({ id: 1001, org_id: 'acme', an_int: 5, a_jsonb: { x: 1 }, an_int_array: [1, 2] }).returning(['id', 'a_jsonb']), [{ id: 1001, a_jsonb: { x: 1 } }]);
  same(await at(1001).increment('an_int', 1), 1);
  same(await at(1001).update({ a_text: "it's" }).returning('an_int'), [{ an_int: 6 }]);
  await db('specimen').insert({ id: 1001, org_id: 'acme', an_int: 9 }).onConflict('id').merge(['an_int']);
  same(await at(1001).pluck('an_int'), [9]);
  await db.batchInsert('specimen', Array.from({ length: 50 }, (_, i) => ({ id: 1100 + i, org_id: 'acme' })), 20);
  same(await db('specimen').where('id', '>=', 1001).del(), 51);
}

async function transaction() {
  const undone = db.transaction(async (trx) => {
    await trx('specimen').insert({ id: 1002, org_id: 'acme' });
    throw new Error('on purpose');
  });
  same(await undone.catch((e) => e.message), 'on purpose');
  same(await at(1002), []);
  await db.transaction((trx) => trx('specimen').insert({ id: 1002, org_id: 'acme' }), { isolationLevel: 'serializable' });
  same(await at(1002).del(), 1);
  await fails('25006', () => db.transaction((trx) => trx('specimen').insert({ id: 1002, org_id: 'acme' }), { readOnly: true }));
}

async function savepoint() {
  const trx = await db.transaction();
  await trx('specimen').insert({ id: 1003, org_id: 'acme' });
  await fails('23505', () => trx.transaction((inner) => inner('specimen').insert({ id: 1003, org_id: 'acme' })));
  same(await trx('specimen').where({ id: 1003 }).pluck('id'), [1003]);
  await trx.rollback();
  same(await at(1003), []);
}

async function stream() {
  await whole(db('reading').select('*').stream({ batchSize: 1000 }), async () => (await db('reading').sum('id'))[0].sum);
}

// cancel is a timeout that asks pg_cancel_backend to end the query.
async function cancel() {
  const slowly = db.raw(slow).timeout(500, { cancel: true });
  const failure = await slowly.catch((e) => e);
  if (failure.code === '42501') {
    await fails('57014', () => db.transaction(async (trx) => {
      await trx.raw("SET LOCAL statement_timeout = '500ms'");
      await trx.raw(slow);
    }));
    skip('it cancels by pg_cancel_backend, which is not allowed; statement_timeout works');
  }
  same(failure.name, 'KnexTimeoutError');
  same(await db.select(db.raw('1 AS one')), [{ one: 1 }]);
}

// migrate is refused: the tables are the application's.
async function migrate() {
  await fails('42501', () => db.schema.createTable('app.fresh', (t) => t.increments()));
  await fails('42501', () => db.schema.alterTable('app.task', (t) => t.text('more')));
}

await run({
  connect: async () => same((await db.select(db.raw('current_user AS me')))[0], { me: 'dana' }),
  introspect, text,
  binary: () => skip('its driver, node-postgres, has no binary mode'),
  write, transaction, savepoint,
  error: errors((sql) => db.raw(sql)),
  stream, cancel,
  tenant: tenants(async (table) => (await db(table).count())[0].count, () => at(3)),
  'joins and sub-selects': async () => {
    const rows = await db('task').join('project', 'project.id', 'task.project_id').whereIn('project.id', db('membership').select('project_id')).groupBy('project.org_id').select('project.org_id').count();
    same(rows.map((r) => r.org_id), ['acme']);
  },
  'migration refused': migrate,
});
