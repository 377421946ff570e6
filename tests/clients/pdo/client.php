<?php
// The checks of PDO and of PHP's older functions. PDO prepares on the server and reads text.

function check(string $name, callable $body): void
{
    try {
        $body();
        echo "ok - $name\n";
    } catch (Throwable $e) {
        echo "not ok - $name: " . preg_replace('/\s+/', ' ', $e->getMessage()) . "\n";
    }
}

function same($got, $wanted): void
{
    if ($got !== $wanted) {
        throw new Exception('wanted ' . json_encode($wanted) . ', got ' . json_encode($got));
    }
}

function open(array $options = []): PDO
{
    $dsn = sprintf('pgsql:host=%s;port=%s;dbname=%s;sslmode=%s', getenv('PGHOST'), getenv('PGPORT'), getenv('PGDATABASE'), getenv('PGSSLMODE'));
    return new PDO($dsn, getenv('PGUSER'), getenv('PGPASSWORD'), $options + [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_NUM]);
}

function rows(PDO $pdo, string $sql, array $args = []): array
{
    $s = $pdo->prepare($sql);
    $s->execute($args);
    return $s->fetchAll();
}

$link = open();
$one = fn (string $sql, array $args = []) => rows($link, $sql, $args)[0][0];

check('connect', function () use ($link, $one) {
    same($one('SELECT current_user'), 'dana');
    same(str_contains($link->getAttribute(PDO::ATTR_SERVER_INFO), 'Client Encoding: UTF8'), true);
    same(is_string($link->getAttribute(PDO::ATTR_SERVER_VERSION)), true);
});

check('introspect', function () use ($link) {
    $tables = rows($link, "SELECT table_schema || '.' || table_name FROM information_schema.tables WHERE table_schema IN (?, ?) AND table_type = 'BASE TABLE' ORDER BY 1", ['app', 'billing']);
    same(implode(' ', array_column($tables, 0)), getenv('WANT_TABLES'));
    $s = $link->query('SELECT id, org_id, an_enum, a_numeric FROM specimen');
    $meta = $s->getColumnMeta(3);
    same([$meta['name'], $meta['native_type'], $meta['table']], ['a_numeric', 'numeric', 'specimen']);
    same($s->getColumnMeta(2)['native_type'], 'project_status');
    // what Laravel and Doctrine ask
    $columns = rows($link, "SELECT a.attname, quote_ident(a.attname) AS field, t.typname AS type, format_type(a.atttypid, a.atttypmod) AS complete_type, a.attnotnull AS isnotnull,
        (SELECT 't' FROM pg_index WHERE c.oid = pg_index.indrelid AND pg_index.indkey[0] = a.attnum AND pg_index.indisprimary = 't') AS pri,
        (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE c.oid = pg_attrdef.adrelid AND pg_attrdef.adnum = a.attnum) AS default,
        (SELECT pg_description.description FROM pg_description WHERE pg_description.objoid = c.oid AND a.attnum = pg_description.objsubid) AS comment
        FROM pg_attribute a, pg_class c, pg_type t, pg_namespace n
        WHERE n.nspname = 'app' AND c.relname = 'member' AND n.oid = c.relnamespace AND a.attnum > 0 AND a.attrelid = c.oid AND a.atttypid = t.oid ORDER BY a.attnum");
    same(array_column($columns, 0), ['id', 'org_id', 'username', 'full_name', 'joined_on', 'active']);
    $keys = rows($link, "SELECT quote_ident(r.conname) AS conname, pg_catalog.pg_get_constraintdef(r.oid, true) AS condef FROM pg_catalog.pg_constraint r
        WHERE r.conrelid = (SELECT c.oid FROM pg_catalog.pg_class c, pg_catalog.pg_namespace n WHERE n.nspname = 'app' AND c.relname = 'task' AND n.oid = c.relnamespace) AND r.contype = 'f'");
    same(count($keys), 1);
    same(str_starts_with($keys[0][1], 'FOREIGN KEY (project_id) REFERENCES project(id)'), true);
});

check('text', function () use ($link) {
    $row = rows($link, 'SELECT * FROM specimen WHERE id = ?', [1])[0];
    same(array_slice($row, 0, 12), [1, 'acme', -32768, 2147483647, PHP_INT_MIN, '12345678901234.567890', '1.5', '2.5e-10', "Grüße, 'world'", 'varchar', 'char  ', true]);
    same(bin2hex(stream_get_contents($row[12])), '00ff10');
    same(array_slice($row, 13, 3), ['2026-02-28', '13:14:15.678901', '2026-02-28 13:14:15.678901']);
    same(array_slice($row, 17, 9), ['1 year 2 mons 3 days 04:05:06', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a": [1, 2]}', '{"b": {"c": null}}', '{1,2,NULL,-4}',
        '{one,"two, three",NULL,""}', 'on_hold', '192.168.1.7/24', '[3,9)']);
    same(array_unique(array_slice(rows($link, 'SELECT * FROM specimen WHERE id = 2')[0], 2)), [null]);
});
echo "ok - binary # SKIP PDO reads text alone\n";

check('write', function () use ($link, $one) {
    same($one('INSERT INTO specimen (id, org_id, an_int, a_bool) VALUES (?, ?, ?, ?) RETURNING an_int', [1001, 'acme', 5, 'true']), 5);
    $s = $link->prepare('INSERT INTO specimen (id, org_id, a_bytea) VALUES (:id, :org, :bytes)');
    foreach (range(1100, 1149) as $n) {
        $s->bindValue(':id', $n, PDO::PARAM_INT);
        $s->bindValue(':org', 'acme');
        $s->bindValue(':bytes', "\0\1\xff", PDO::PARAM_LOB);
        $s->execute();
    }
    same(stream_get_contents($one('SELECT a_bytea FROM specimen WHERE id = 1100')), "\0\1\xff");
    same($link->exec('UPDATE specimen SET an_int = 6 WHERE id >= 1001'), 51);
    same($link->exec('DELETE FROM specimen WHERE id >= 1001'), 51);
});

check('transaction', function () use ($link, $one) {
    $other = open();
    $other->beginTransaction();
    $other->exec("INSERT INTO specimen (id, org_id) VALUES (1002, 'acme')");
    $other->rollBack();
    same($one('SELECT count(*) FROM specimen WHERE id = 1002'), 0);
    $other->beginTransaction();
    $other->exec("INSERT INTO specimen (id, org_id) VALUES (1002, 'acme')");
    $other->commit();
    same($link->exec('DELETE FROM specimen WHERE id = 1002'), 1);
});

check('savepoint', function () {
    $other = open();
    $other->beginTransaction();
    $other->exec("INSERT INTO specimen (id, org_id) VALUES (1003, 'acme')");
    $other->exec('SAVEPOINT s');
    try {
        $other->exec("INSERT INTO specimen (id, org_id) VALUES (1003, 'acme')");
        throw new Exception('a key stands twice');
    } catch (PDOException $e) {
        same($e->getCode(), '23505');
    }
    $other->exec('ROLLBACK TO SAVEPOINT s');
    same(rows($other, 'SELECT count(*) FROM specimen WHERE id = 1003'), [[1]]);
    $other->rollBack();
});

check('error', function () use ($link) {
    $all = ['SELECT nonesuch FROM task' => '42703', 'SELECT 1 / (id - id) FROM task' => '22012', 'SELECT * FROM audit_log' => '42P01',
        "INSERT INTO project (org_id, name, owner_id) VALUES ('globex', 'x', 'dana')" => '42501'];
    foreach ($all as $sql => $state) {
        try {
            $link->query($sql)->fetchAll();
            throw new Exception("$sql succeeds");
        } catch (PDOException $e) {
            same([$sql, $e->getCode()], [$sql, $state]);
            if ($state === '42703') {
                same(str_contains($e->getMessage(), "LINE 1: SELECT nonesuch FROM task\n               ^"), true);
            }
        }
    }
});

check('stream', function () use ($one) {
    $other = open();
    $other->beginTransaction();
    $other->exec('DECLARE c CURSOR FOR SELECT * FROM reading');
    $n = $sum = 0;
    while ($rows = $other->query('FETCH 5000 FROM c')->fetchAll()) {
        $n += count($rows);
        $sum += array_sum(array_column($rows, 0));
    }
    $other->rollBack();
    same($n, (int) getenv('WANT_READINGS'));
    same($one('SELECT sum(id) FROM reading'), (string) $sum);
});

check('cancel', function () {
    $conn = pg_connect('');
    pg_send_query($conn, getenv('SLOW_QUERY'));
    usleep(500000);
    same(pg_connection_busy($conn), true);
    same(pg_cancel_query($conn), true);
    same(pg_fetch_result(pg_query($conn, 'SELECT 1'), 0, 0), '1');
    pg_send_query($conn, "SET statement_timeout = '300ms'; " . getenv('SLOW_QUERY'));
    pg_get_result($conn);
    same(pg_result_error_field(pg_get_result($conn), PGSQL_DIAG_SQLSTATE), '57014');
});

check('tenant', function () use ($one) {
    foreach (['task', 'project', 'member', 'comment', 'invoice', 'reading'] as $table) {
        same($one("SELECT count(*) FROM $table"), (int) getenv('WANT_' . strtoupper($table) . 'S'));
    }
    same($one('SELECT count(*) FROM specimen WHERE id = ?', [3]), 0);
});

check('emulated', function () {
    $pdo = open([PDO::ATTR_EMULATE_PREPARES => true]);
    same(rows($pdo, 'SELECT count(*) FROM task WHERE id > ? AND title <> ?', [0, "it's"]), [[(int) getenv('WANT_TASKS')]]);
    $scroll = $pdo->prepare('SELECT id FROM task ORDER BY id', [PDO::ATTR_CURSOR => PDO::CURSOR_SCROLL]);
});

check('meta data', function () {
    $conn = pg_connect('');
    same(array_keys(pg_meta_data($conn, 'app.member')), ['id', 'org_id', 'username', 'full_name', 'joined_on', 'active']);
    same(pg_field_type(pg_query_params($conn, 'SELECT an_enum FROM specimen WHERE id = $1', [1]), 0), 'project_status');
});

check('copy', function () use ($link) {
    same(count($link->pgsqlCopyToArray('reading')), (int) getenv('WANT_READINGS'));
    if (getenv('NATIVE')) {
        return; // where PostgreSQL refuses COPY FROM
    }
    same($link->pgsqlCopyFromArray('specimen', ["1004\tacme", "1005\tacme"], "\t", '\\\\N', 'id, org_id'), true);
    same($link->exec('DELETE FROM specimen WHERE id >= 1004'), 2);
});
