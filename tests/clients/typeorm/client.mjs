// The checks of TypeORM, whose driver is node-postgres.
import 'reflect-metadata';
import { DataSource, EntitySchema } from 'typeorm';
import { columns, errors, fails, memberColumns, run, same, skip, slow, specimen, specimenNull, tables, tenants, url, whole } from './checks.mjs';

const types = [
  'int', 'text', 'smallint', 'int', 'bigint', 'numeric', 'real', 'double precision', 'text', 'varchar', 'char', 'bool', 'bytea', 'date', 'time', 'timestamp', 'timestamptz', 'interval',
  'uuid', 'json', 'jsonb', 'int', 'text', 'text', 'inet', 'int4range', 'tstzrange',
];
const Specimen = new EntitySchema({
  name: 'specimen', schema: 'app', tableName: 'specimen',
  columns: Object.fromEntries(columns.map((c, i) => [c, { type: types[i], primary: i === 0, nullable: i > 1, array: c.endsWith('_array') }])),
});
const plain = (name, schema, type = 'bigint') => new EntitySchema({ name, schema, tableName: name, columns: { id: { type, primary: true } } });
const models = [plain('member', 'app'), plain('comment', 'app', 'uuid'), plain('invoice', 'billing'), plain('reading', 'app')];
const Project = new EntitySchema({ name: 'project', schema: 'app', tableName: 'project', columns: { id: { type: 'bigint', primary: true }, name: { type: 'text' } } });
const Task = new EntitySchema({
  name: 'task', schema: 'app', tableName: 'task', columns: { id: { type: 'bigint', primary: true }, title: { type: 'text' } },
  relations: { project: { type: 'many-to-one', target: 'project', joinColumn: { name: 'project_id' } } },
});
const db = new DataSource({ type: 'postgres', url, schema: 'app', entities: [Specimen, Project, Task, ...models], installExtensions: false });
await db.initialize();
const rows = db.getRepository('specimen');

async function introspect() {
  const runner = db.createQueryRunner();
  const found = await runner.getTables(tables);
  same(found.map((t) => t.name.includes('.') ? t.name : `app.${t.name}`).sort(), tables);
  const member = await runner.getTable('app.member');
  same(member.columns.map((c) => c.name), memberColumns);
  const task = await runner.getTable('app.task');
  same(task.primaryColumns.map((c) => c.name), ['id']);
  same(task.foreignKeys.map((k) => [k.name, k.columnNames, k.referencedColumnNames, k.onDelete]), [['task_project_id_fkey', ['project_id'], ['id'], 'CASCADE']]);
  same(await runner.hasTable('app.audit_log'), false);
  same(await runner.hasColumn('app.member', 'email'), false);
  await runner.release();
}

async function text() {
  const found = await rows.find({ where: [{ id: 1 }, { id: 2 }, { id: 3 }], order: { id: 'ASC' } });
  same(found, [{ ...specimen, a_date: '2026-02-28' }, specimenNull]);
}

async function write() {
  const made = await rows.save({ id: 1001, org_id: 'acme', an_int: 5, a_jsonb: { x: 1 }, an_int_array: [1, 2], an_enum: 'active' });
  made.an_int = 6;
  await rows.save(made);
  same((await rows.findOneBy({ id: 1001 })).an_int, 6);
  same((await rows.update({ an_int: 6 }, { a_text: "it's" })).affected, 1);
  await rows.upsert({ id: 1001, org_id: 'acme', an_int: 7 }, ['id']);
  await rows.insert([{ id: 1100, org_id: 'acme' }, { id: 1101, org_id: 'acme' }]);
  same((await rows.delete([1001, 1100, 1101, 3])).affected, 3);
}

const make = (on, id) => on.insert('specimen', { id, org_id: 'acme' });

async function transaction() {
  const undone = db.transaction(async (m) => {
    await make(m, 1002);
    same(await rows.countBy({ id: 1002 }), 0);
    throw new Error('on purpose');
  });
  same(await undone.catch((e) => e.message), 'on purpose');
  same(await rows.countBy({ id: 1002 }), 0);
  await db.transaction('SERIALIZABLE', (m) => make(m, 1002));
  same((await rows.delete(1002)).affected, 1);
}

async function savepoint() {
  const undone = db.transaction(async (outer) => {
    await make(outer, 1003);
    await fails('23505', () => outer.transaction((inner) => make(inner, 1003)));
    same(await outer.countBy('specimen', { id: 1003 }), 1);
    throw new Error('on purpose');
  });
  same(await undone.catch((e) => e.message), 'on purpose');
  same(await rows.countBy({ id: 1003 }), 0);
}

const sum = async () => db.getRepository('reading').sum('id');

await run({
  connect: async () => same(await db.query('SELECT current_user AS me'), [{ me: 'dana' }]),
  introspect, text,
  binary: () => skip('its driver, node-postgres, has no binary mode'),
  write, transaction, savepoint,
  error: errors((sql) => db.query(sql)),
  stream: async () => {
    const named = async function* named(stream) {
      for await (const row of stream) yield { id: row.r_id };
    };
    await whole(named(await db.getRepository('reading').createQueryBuilder('r').stream()), sum);
  },
  cancel: async () => {
    await fails('57014', () => db.transaction(async (m) => {
      await m.query("SET LOCAL statement_timeout = '300ms'");
      await m.query(slow);
    }));
    skip('it cancels nothing by itself; statement_timeout works');
  },
  tenant: tenants((table) => db.getRepository(table).count(), () => rows.findBy({ id: 3 })),
  relations: async () => {
    const found = await db.getRepository('task').find({ where: { project: { name: 'Mobile app' } }, relations: { project: true }, take: 3, order: { id: 'ASC' } });
    same(found.map((t) => t.project.name), ['Mobile app', 'Mobile app', 'Mobile app']);
  },
  'migration refused': () => fails('42501', () => db.synchronize()),
});
