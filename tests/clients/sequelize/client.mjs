// The checks of Sequelize, whose driver is node-postgres.
import { DataTypes, QueryTypes, Sequelize } from 'sequelize';
import { columns, errors, fails, memberColumns, run, same, skip, slow, specimen, specimenNull, tables, tenants, url, whole } from './checks.mjs';

const db = new Sequelize(url, { logging: false });
const bare = { timestamps: false, freezeTableName: true };
const T = DataTypes;

// Types of app.specimen's columns, in order.
const types = [
  T.INTEGER, T.TEXT, T.SMALLINT, T.INTEGER, T.BIGINT, T.DECIMAL(20, 6), T.REAL, T.DOUBLE, T.TEXT, T.STRING(40), T.CHAR(6), T.BOOLEAN, T.BLOB, T.DATEONLY, T.TIME, T.DATE, T.DATE, T.TEXT,
  T.UUID, T.JSON, T.JSONB, T.ARRAY(T.INTEGER), T.ARRAY(T.TEXT), T.ENUM('planned', 'active', 'on_hold', 'finished'), T.INET, T.RANGE(T.INTEGER), T.RANGE(T.DATE),
];
const Specimen = db.define('specimen', Object.fromEntries(columns.map((c, i) => [c, { type: types[i], primaryKey: i === 0 }])), { ...bare, schema: 'app' });
const model = (name, schema, attributes = {}) => db.define(name, { id: { type: T.BIGINT, primaryKey: true }, ...attributes }, { ...bare, schema });
const Project = model('project', 'app', { name: T.TEXT });
const Task = model('task', 'app', { project_id: T.BIGINT, title: T.TEXT });
const models = { project: Project, task: Task, member: model('member', 'app'), comment: model('comment', 'app', { id: { type: T.UUID, primaryKey: true } }), invoice: model('invoice', 'billing'), reading: model('reading', 'app', { value: T.DOUBLE }) };
Task.belongsTo(Project, { foreignKey: 'project_id' });

async function introspect() {
  const q = db.getQueryInterface();
  same((await q.showAllSchemas()).filter((s) => !['public', 'who'].includes(s)).sort(), ['app', 'billing']);
  const found = [];
  for (const schema of ['app', 'billing']) { // It lists the tables of the one schema that it is told.
    const other = new Sequelize(url, { logging: false, schema });
    found.push(...(await other.getQueryInterface().showAllTables()).map((t) => `${schema}.${t.tableName ?? t}`));
    await other.close();
  }
  same(found.sort(), tables);
  const member = await q.describeTable({ tableName: 'member', schema: 'app' });
  same(Object.keys(member), memberColumns);
  same((await q.describeTable({ tableName: 'task', schema: 'app' })).id.primaryKey, true);
  same(await q.getForeignKeysForTables(['task']), { task: ['task_project_id_fkey'] });
  // The same with columns comes of information_schema.constraint_column_usage, which tells owners alone.
  same(await q.getForeignKeyReferencesForTable({ tableName: 'task', schema: 'app' }), []);
  const indexes = await q.showIndex({ tableName: 'task', schema: 'app' });
  same(indexes.map((i) => i.name).sort(), ['task_assignee_id_idx', 'task_pkey', 'task_project_id_idx']);
  same(await q.tableExists({ tableName: 'audit_log', schema: 'app' }), false);
}

async function text() {
  const found = await Specimen.findAll({ where: { id: [1, 2] }, order: ['id'], raw: true });
  const bounds = (lower, upper) => [{ value: lower, inclusive: true }, { value: upper, inclusive: false }];
  const wanted = {
    ...specimen, a_date: '2026-02-28', an_int_range: bounds(3, 9), a_ts_range: bounds(new Date('2026-01-01T00:00:00Z'), new Date('2026-02-01T00:00:00Z')),
  };
  same(found, [wanted, specimenNull]);
}

async function write() {
  const made = await Specimen.create({ id: 1001, org_id: 'acme', an_int: 5, a_jsonb: { x: 1 }, an_int_array: [1, 2], an_enum: 'active' });
  same(made.a_jsonb, { x: 1 });
  made.an_int = 6;
  await made.save();
  same((await Specimen.findByPk(1001)).an_int, 6);
  await Specimen.upsert({ id: 1001, org_id: 'acme', an_int: 7 });
  await Specimen.bulkCreate([{ id: 1100, org_id: 'acme' }, { id: 1101, org_id: 'acme' }]);
  same(await Specimen.update({ a_text: "it's" }, { where: { an_int: 7 } }), [1]);
  await made.reload();
  same([made.an_int, made.a_text], [7, "it's"]);
  same(await Specimen.destroy({ where: { id: [1001, 1100, 1101, 3] } }), 3);
}

const has = (id) => Specimen.count({ where: { id } });

async function transaction() {
  const undone = db.transaction(async (t) => {
    await Specimen.create({ id: 1002, org_id: 'acme' }, { transaction: t });
    same(await has(1002), 0);
    throw new Error('on purpose');
  });
  same(await undone.catch((e) => e.message), 'on purpose');
  same(await has(1002), 0);
  await db.transaction({ isolationLevel: 'SERIALIZABLE' }, (t) => Specimen.create({ id: 1002, org_id: 'acme' }, { transaction: t }));
  same(await Specimen.destroy({ where: { id: 1002 } }), 1);
}

async function savepoint() {
  const outer = await db.transaction();
  await Specimen.create({ id: 1003, org_id: 'acme' }, { transaction: outer });
  await fails('23505', () => db.transaction({ transaction: outer }, (t) => Specimen.create({ id: 1003, org_id: 'acme' }, { transaction: t })));
  same(await Specimen.count({ where: { id: 1003 }, transaction: outer }), 1);
  await outer.rollback();
  same(await has(1003), 0);
}

await run({
  connect: async () => {
    await db.authenticate();
    same(await db.query('SELECT current_user AS me', { type: QueryTypes.SELECT }), [{ me: 'dana' }]);
  },
  introspect, text,
  binary: () => skip('its driver, node-postgres, has no binary mode'),
  write, transaction, savepoint,
  error: errors((sql) => db.query(sql)),
  stream: () => skip('it has no streams'),
  cancel: () => skip('it cancels nothing'),
  tenant: tenants((table) => models[table].count(), () => Specimen.findAll({ where: { id: 3 } })),
  'all rows at once': () => whole(models.reading.findAll({ raw: true }), () => models.reading.sum('id')),
  'statement timeout': () => fails('57014', () => db.transaction(async (transaction) => {
    await db.query("SET LOCAL statement_timeout = '300ms'", { transaction });
    await db.query(slow, { transaction });
  })),
  include: async () => {
    const { rows, count } = await Task.findAndCountAll({ include: { model: Project, required: true, where: { name: { [Sequelize.Op.iLike]: 'mobile%' } } }, limit: 3, order: ['id'] });
    same([rows.length, rows[0].project.name, count > 10], [3, 'Mobile app', true]);
  },
  'migration refused': () => fails('42501', () => Specimen.sync({ alter: true })),
});
