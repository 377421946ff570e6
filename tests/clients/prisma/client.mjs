// The checks of Prisma with its adapter for node-postgres.
import { createRequire } from 'node:module';
import { PrismaPg } from '@prisma/adapter-pg';
import { readings, run, same, skip, slow, specimen, tenants, url, whole } from './checks.mjs';

const { PrismaClient } = createRequire(import.meta.url)('./generated/index.js');
const db = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }), errorFormat: 'minimal' });

// What Prisma has no type for, or another value than node-postgres.
const { an_interval, a_time, an_int_array, a_text_array, an_int_range, a_ts_range, ...known } = specimen;

// code is the SQLSTATE in an error of Prisma's.
const code = (e) => e?.meta?.driverAdapterError?.cause?.originalCode ?? e?.cause?.originalCode ?? e?.meta?.code;
const raw = (sql, on = db) => on.$queryRawUnsafe(sql).catch((e) => {
  const cause = e?.meta?.driverAdapterError?.cause;
  throw code(e) ? Object.assign(new Error(cause?.originalMessage), { code: code(e), position: cause?.position }) : e;
});

async function expect(wanted, action) {
  const failure = await action().then(() => undefined, (e) => e);
  same(code(failure) ?? failure?.code, wanted);
}

async function text() {
  const { a_numeric, a_bigint, ...row } = await db.specimen.findUnique({ where: { id: 1 } });
  same({ ...row, a_numeric: a_numeric.toFixed(6), a_bigint: String(a_bigint) }, known);
  same(Object.values(await db.specimen.findUnique({ where: { id: 2 } })).filter((v) => v !== null), [2, 'acme']);
  same(await db.$queryRaw`SELECT an_int_array, a_text_array FROM specimen WHERE id = ${1}`, [{ an_int_array: [1, 2, null, -4], a_text_array: ['one', 'two, three', null, ''] }]);
}

async function write() {
  const made = await db.specimen.create({ data: { id: 1001, org_id: 'acme', an_int: 5, a_jsonb: { x: 1 }, an_enum: 'active', a_bytea: Buffer.from([0, 255]) } });
  same([made.an_int, made.an_enum, Buffer.from(made.a_bytea).toString('hex')], [5, 'active', '00ff']);
  same((await db.specimen.update({ where: { id: 1001 }, data: { an_int: { increment: 1 } } })).an_int, 6);
  same((await db.specimen.upsert({ where: { id: 1001 }, create: { id: 1001, org_id: 'acme' }, update: { an_int: 7 } })).an_int, 7);
  same((await db.specimen.createMany({ data: [{ id: 1100, org_id: 'acme' }, { id: 1101, org_id: 'acme' }] })).count, 2);
  same((await db.specimen.deleteMany({ where: { id: { in: [1001, 1100, 1101, 3] } } })).count, 3);
  const reading = await db.reading.create({ data: { orgId: 'acme', sensor: 1, takenAt: new Date(), value: 2 } });
  await db.reading.delete({ where: { id: reading.id } });
  same(await db.$executeRaw`UPDATE specimen SET a_text = ${"it's"} WHERE id = ${1001}`, 0);
}

const make = (on, id) => on.specimen.create({ data: { id, org_id: 'acme' } });

async function transaction() {
  const undone = db.$transaction(async (tx) => {
    await make(tx, 1002);
    same(await db.specimen.count({ where: { id: 1002 } }), 0);
    throw new Error('on purpose');
  });
  same(await undone.catch((e) => e.message), 'on purpose');
  same(await db.specimen.count({ where: { id: 1002 } }), 0);
  await db.$transaction(async (tx) => make(tx, 1002), { isolationLevel: 'Serializable' });
  same((await db.$transaction([db.specimen.deleteMany({ where: { id: 1002 } }), db.specimen.count()]))[0].count, 1);
}

async function savepoint() {
  const undone = db.$transaction(async (tx) => {
    await make(tx, 1003);
    await tx.$executeRaw`SAVEPOINT s`;
    same(await make(tx, 1003).then(() => '', (e) => e.code), 'P2002'); // a key stands twice
    await tx.$executeRaw`ROLLBACK TO SAVEPOINT s`;
    same(await tx.specimen.count({ where: { id: 1003 } }), 1);
    throw new Error('on purpose');
  });
  same(await undone.catch((e) => e.message), 'on purpose');
}

async function* pages() {
  for (let cursor; ;) {
    const page = await db.reading.findMany({ take: 10_000, orderBy: { id: 'asc' }, ...(cursor && { skip: 1, cursor: { id: cursor } }) });
    yield* page;
    if (page.length < 10_000) return;
    cursor = page.at(-1).id;
  }
}

await run({
  connect: async () => same(await db.$queryRaw`SELECT current_user::text AS me`, [{ me: 'dana' }]),
  introspect: () => skip('db pull needs an engine that npm does not bring'),
  text,
  binary: () => skip('its driver, node-postgres, has no binary mode'),
  write, transaction, savepoint,
  error: async () => {
    await expect('42703', () => raw('SELECT nonesuch FROM task'));
    await expect('22012', () => raw('SELECT 1 / (id - id) FROM task'));
    await expect('42P01', () => raw('SELECT * FROM audit_log'));
    await expect('42501', () => raw("INSERT INTO project (org_id, name, owner_id) VALUES ('globex', 'x', 'dana')"));
  },
  stream: () => whole(pages(), async () => (await db.reading.aggregate({ _sum: { id: true } }))._sum.id),
  cancel: async () => {
    await expect('57014', () => db.$transaction([db.$executeRawUnsafe("SET LOCAL statement_timeout = '300ms'"), db.$queryRawUnsafe(slow)]));
    skip('it cancels nothing by itself; statement_timeout works');
  },
  tenant: tenants((table) => db[table].count(), () => db.specimen.findMany({ where: { id: 3 } })),
  relations: async () => {
    const found = await db.project.findMany({ where: { tasks: { some: { comments: { some: {} } } } }, include: { tasks: { include: { comments: true }, take: 3 } }, orderBy: { id: 'asc' }, take: 2 });
    same(found.length, 2);
    const groups = await db.reading.groupBy({ by: ['sensor'], _count: true });
    same(groups.reduce((n, g) => n + g._count, 0), readings);
  },
});
