// What the checks of all Node clients share: how they are told, what they expect, and the ones that need a statement's text alone.
import { inspect, isDeepStrictEqual } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';

const { env } = process;

export const native = env.NATIVE === '1';
export const url = env.DATABASE_URL;
export const slow = env.SLOW_QUERY;
export const tables = env.WANT_TABLES.split(' ');
export const readings = Number(env.WANT_READINGS);
export const memberColumns = ['id', 'org_id', 'username', 'full_name', 'joined_on', 'active'];

// The first row of app.specimen, each column in PostgreSQL's own text.
export const specimenText = [
  '1', 'acme', '-32768', '2147483647', '-9223372036854775808', '12345678901234.567890', '1.5', '2.5e-10', "Grüße, 'world'", 'varchar', 'char  ', 't', '\\x00ff10',
  '2026-02-28', '13:14:15.678901', '2026-02-28 13:14:15.678901', '2026-02-28 13:14:15.678901+00', '1 year 2 mons 3 days 04:05:06',
  'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a": [1, 2]}', '{"b": {"c": null}}', '{1,2,NULL,-4}', '{one,"two, three",NULL,""}', 'on_hold', '192.168.1.7/24', '[3,9)',
  '["2026-01-01 00:00:00+00","2026-02-01 00:00:00+00")',
];

// The same as node-postgres makes values of it, with what it leaves as text.
export const specimen = {
  id: 1, org_id: 'acme', a_smallint: -32768, an_int: 2147483647, a_bigint: '-9223372036854775808', a_numeric: '12345678901234.567890', a_real: 1.5, a_double: 2.5e-10,
  a_text: "Grüße, 'world'", a_varchar: 'varchar', a_char: 'char  ', a_bool: true, a_bytea: Buffer.from([0, 255, 16]), a_date: new Date('2026-02-28T00:00:00Z'), a_time: '13:14:15.678901',
  a_timestamp: new Date('2026-02-28T13:14:15.678Z'), a_timestamptz: new Date('2026-02-28T13:14:15.678Z'), an_interval: { years: 1, months: 2, days: 3, hours: 4, minutes: 5, seconds: 6 },
  a_uuid: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', a_json: { a: [1, 2] }, a_jsonb: { b: { c: null } }, an_int_array: [1, 2, null, -4], a_text_array: ['one', 'two, three', null, ''],
  an_enum: 'on_hold', an_inet: '192.168.1.7/24', an_int_range: '[3,9)', a_ts_range: '["2026-01-01 00:00:00+00","2026-02-01 00:00:00+00")',
};
export const columns = Object.keys(specimen);

// The second row has nothing but NULLs.
export const specimenNull = { ...Object.fromEntries(columns.map((c) => [c, null])), id: 2, org_id: 'acme' };

class Skip extends Error {}

// skip ends a check whose client has no such thing.
export function skip(reason) {
  throw new Skip(reason);
}

export function same(got, wanted) {
  if (isDeepStrictEqual(plain(got), plain(wanted))) return;
  // Of long rows, only what differs is worth telling.
  for (const key of Object.keys(wanted ?? {}).length > 1 ? Object.keys(wanted) : []) {
    if (got && typeof got === 'object' && typeof wanted === 'object' && key in got) same(got[key], wanted[key]);
  }
  const shown = (v) => inspect(plain(v), { breakLength: Infinity, depth: 6, maxArrayLength: 40 });
  throw new Error(`wanted ${shown(wanted)}, got ${shown(got)}`);
}

// plain forgets classes of rows, values and arrays: some clients have their own.
function plain(v) {
  if (Array.isArray(v)) return Array.from(v, plain);
  if (v === null || typeof v !== 'object' || v instanceof Date) return v;
  if (ArrayBuffer.isView(v)) return Buffer.from(v).toString('hex');
  return Object.fromEntries(Object.entries(v).map(([k, w]) => [k, plain(w)]));
}

// fails runs what must fail with an SQLSTATE, and gives PostgreSQL's error, which clients wrap in ways of their own.
export async function fails(code, action) {
  try {
    await action();
  } catch (e) {
    const found = serverError(e);
    if (!found) throw e;
    same(found.code, code);
    return found;
  }
  throw new Error(`wanted ${code}, but it succeeds`);
}

function serverError(e) {
  for (let depth = 0; e && depth < 5; depth++) {
    if (/^[0-9A-Z]{5}$/.test(e.code ?? '')) return e;
    e = e.cause ?? e.original ?? e.driverError;
  }
  return undefined;
}

// errors checks the SQLSTATEs and the position by a function that runs a statement.
export const errors = (query) => async () => {
  const missing = await fails('42703', () => query('SELECT nonesuch FROM task'));
  same(String(missing.position), '8');
  await fails('22012', () => query('SELECT 1 / (id - id) FROM task'));
  await fails('42P01', () => query('SELECT * FROM audit_log'));
  await fails('42501', () => query("INSERT INTO project (org_id, name, owner_id) VALUES ('globex', 'x', 'dana')"));
};

// tenants compares counts, by a function that counts a table's rows with the client's ordinary query.
export const tenants = (count, foreign) => async () => {
  for (const table of ['task', 'project', 'member', 'comment', 'invoice', 'reading']) {
    same([table, Number(await count(table))], [table, Number(env[`WANT_${table.toUpperCase()}S`])]);
  }
  same(await foreign(), []);
};

// whole checks what came of a stream of app.reading.
export async function whole(rows, sumOfIds) {
  let n = 0;
  let sum = 0;
  for await (const row of await rows) {
    n++;
    sum += Number(row.id);
  }
  same([n, sum], [readings, Number(await sumOfIds())]);
}

// cancelled runs the slow query, and what is to end it half a second later.
export async function cancelled(query, cancel) {
  const began = Date.now();
  const failure = fails('57014', query);
  await sleep(500);
  await cancel();
  await failure;
  if (Date.now() - began > 10_000) throw new Error('it took more than ten seconds');
}

// run runs checks in order and ends the process.
export async function run(checks) {
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check();
      console.log(`ok - ${name}`);
    } catch (e) {
      if (e instanceof Skip) console.log(`ok - ${name} # SKIP ${e.message}`);
      else console.log(`not ok - ${name}: ${String(e?.message || e).replace(/\s+/g, ' ').slice(0, 400)}`);
      if (!(e instanceof Skip)) console.error(e);
    }
  }
  process.exit(0);
}
