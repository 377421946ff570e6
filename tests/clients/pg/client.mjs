// The checks of node-postgres, with its pool, its cursor and its stream.
import pg from 'pg';
import Cursor from 'pg-cursor';
import QueryStream from 'pg-query-stream';
import { cancelled, errors, fails, memberColumns, run, same, skip, slow, specimen, specimenNull, specimenText, tables, tenants, whole } from './checks.mjs';

const pool = new pg.Pool({ max: 4 });
const rows = async (text, values) => (await pool.query(text, values)).rows;

// alone gives a function a connection of its own.
async function alone(work, config) {
  const client = new pg.Client(config);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function introspect() {
  const found = await rows("SELECT table_schema || '.' || table_name AS name FROM information_schema.tables WHERE table_schema = ANY ($1) ORDER BY 1", [['app', 'billing']]);
  same(found.map((r) => r.name), tables);
  const { fields } = await pool.query('SELECT * FROM member LIMIT 0');
  same(fields.map((f) => f.name), memberColumns);
  // What a column is of: the relation and the place in it, as every result says.
  const [of] = await rows('SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.oid = $1 AND a.attnum = $2', [fields[3].tableID, fields[3].columnID]);
  same(of, { relname: 'member', attname: 'full_name' });
  const keys = await rows(`SELECT c.conname, c.contype::text, c.confrelid::regclass::text AS parent FROM pg_constraint c WHERE c.conrelid = 'app.task'::regclass AND c.contype IN ('p', 'f') ORDER BY 1`);
  same(keys, [{ conname: 'task_pkey', contype: 'p', parent: '-' }, { conname: 'task_project_id_fkey', contype: 'f', parent: 'project' }]);
}

async function text() {
  same(await rows('SELECT * FROM specimen WHERE id <= $1 ORDER BY id', [2]), [specimen, specimenNull]);
  const types = { getTypeParser: () => (value) => value };
  const raw = await pool.query({ text: 'SELECT * FROM specimen WHERE id = 1', rowMode: 'array', types });
  same(raw.rows, [specimenText]);
}

function binary() {
  skip('its parser makes text of every field, and damages binary ones');
}

async function write() {
  const made = await pool.query('INSERT INTO specimen (id, org_id, an_int, a_jsonb, an_int_array, a_bytea, a_timestamptz) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING *',
    [1001, 'acme', 5, { x: 1 }, [1, 2], Buffer.from([1, 0]), new Date(0)]);
  same(made.rows, [{ ...specimenNull, id: 1001, an_int: 5, a_jsonb: { x: 1 }, an_int_array: [1, 2], a_bytea: Buffer.from([1, 0]), a_timestamptz: new Date(0) }]);
  same((await pool.query('UPDATE specimen SET an_int = $1 WHERE id >= $2', [6, 1001])).rowCount, 1);
  same((await pool.query('DELETE FROM specimen WHERE id >= 1001')).rowCount, 1);
}

const has = async (id) => (await rows('SELECT 1 FROM specimen WHERE id = $1', [id])).length;

async function transaction() {
  const client = await pool.connect();
  await client.query('BEGIN');
  await client.query("INSERT INTO specimen (id, org_id) VALUES (1002, 'acme')");
  same(await has(1002), 0);
  await client.query('ROLLBACK');
  same(await has(1002), 0);
  await client.query('BEGIN ISOLATION LEVEL SERIALIZABLE');
  await client.query("INSERT INTO specimen (id, org_id) VALUES (1002, 'acme')");
  await client.query('COMMIT');
  client.release();
  same(await has(1002), 1);
  await pool.query('DELETE FROM specimen WHERE id = 1002');
}

async function savepoint() {
  await alone(async (client) => {
    await client.query('BEGIN');
    await client.query("INSERT INTO specimen (id, org_id) VALUES (1003, 'acme')");
    await client.query('SAVEPOINT s');
    await fails('23505', () => client.query("INSERT INTO specimen (id, org_id) VALUES (1003, 'acme')"));
    await fails('25P02', () => client.query('SELECT 1'));
    await client.query('ROLLBACK TO SAVEPOINT s');
    same((await client.query('SELECT id FROM specimen WHERE id = 1003')).rows, [{ id: 1003 }]);
    await client.query('ROLLBACK');
  });
  same(await has(1003), 0);
}

const sum = async () => (await rows('SELECT sum(id) FROM reading'))[0].sum;

async function stream() {
  await alone((client) => whole(client.query(new QueryStream('SELECT * FROM reading', [], { batchSize: 1000 })), sum));
}

async function cursor() {
  await alone(async (client) => {
    const cursor = client.query(new Cursor('SELECT id FROM reading WHERE id > $1 ORDER BY id', [0]));
    same((await cursor.read(10)).length, 10);
    same((await cursor.read(5000)).length, 5000);
    await cursor.close();
    same((await client.query('SELECT 1 AS one')).rows, [{ one: 1 }]);
  });
}

async function cancel() {
  await alone(async (client) => {
    const query = new pg.Query(slow);
    const done = new Promise((resolve, reject) => query.on('error', reject).on('end', resolve));
    client.query(query);
    await cancelled(() => done, () => new pg.Client().cancel(client, query));
    same((await client.query('SELECT 1 AS one')).rows, [{ one: 1 }]);
  });
  await alone((client) => fails('57014', () => client.query(slow)), { statement_timeout: 300 });
}

// prepared runs statements by name, which node-postgres parses once in a session.
async function prepared() {
  await alone(async (client) => {
    for (const id of [1, 2, 3]) {
      const found = await client.query({ name: 'specimen-by-id', text: 'SELECT id FROM specimen WHERE id = $1', values: [id] });
      same(found.rows.length, id === 3 ? 0 : 1);
    }
  });
}

// manyStatements come in one message of the simple protocol.
async function manyStatements() {
  const both = await pool.query('SELECT 1 AS one; SELECT count(*)::int AS n FROM specimen');
  same(both.map((r) => r.rows[0]), [{ one: 1 }, { n: 2 }]);
}

// reset gives connections back to a pool as they were.
async function reset() {
  const one = new pg.Pool({ max: 1 });
  const client = await one.connect();
  await client.query("SET statement_timeout = '5s'");
  await client.query('DISCARD ALL');
  client.release();
  same((await one.query('SHOW statement_timeout')).rows, [{ statement_timeout: '0' }]);
  await one.end();
}

await run({
  connect: async () => {
    same(await rows('SELECT current_user AS me'), [{ me: 'dana' }]);
    await alone(async (client) => same((await client.query('SHOW application_name')).rows, [{ application_name: 'checks' }]), { application_name: 'checks' });
  },
  introspect, text, binary, write, transaction, savepoint,
  error: errors((sql) => pool.query(sql)),
  stream, cancel,
  tenant: tenants(async (table) => (await rows(`SELECT count(*) FROM ${table}`))[0].count, () => rows('SELECT * FROM specimen WHERE id = $1', [3])),
  cursor, 'prepared statements': prepared, 'many statements': manyStatements, 'pool with reset': reset,
});
