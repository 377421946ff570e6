import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.sql.*;
import java.time.*;
import java.util.*;
import org.postgresql.PGConnection;
import org.postgresql.PGStatement;
import org.postgresql.util.PSQLException;

/** The checks of pgJDBC: DatabaseMetaData as BI tools call it, fetch sizes, batches, statements prepared on the server, and COPY. */
public class Client {
    interface Body { void run() throws Exception; }

    static final Map<String, String> env = System.getenv();
    static Connection link;

    static void check(String name, Body body) {
        try {
            body.run();
            System.out.println("ok - " + name);
        } catch (Throwable t) {
            System.out.println("not ok - " + name + ": " + String.valueOf(t).replaceAll("\\s+", " "));
            t.printStackTrace();
        }
    }

    static void same(Object got, Object wanted) {
        if (!Objects.equals(got, wanted)) throw new AssertionError("wanted " + wanted + ", got " + got);
    }

    static Connection open(String... options) throws SQLException {
        Properties p = new Properties();
        p.setProperty("user", env.get("PGUSER"));
        p.setProperty("password", env.get("PGPASSWORD"));
        p.setProperty("sslmode", env.get("PGSSLMODE"));
        p.setProperty("ApplicationName", "checks");
        for (int i = 0; i < options.length; i += 2) p.setProperty(options[i], options[i + 1]);
        return DriverManager.getConnection("jdbc:postgresql://" + env.get("PGHOST") + ":" + env.get("PGPORT") + "/" + env.get("PGDATABASE"), p);
    }

    static List<Object> row(ResultSet r) throws SQLException {
        List<Object> row = new ArrayList<>();
        for (int i = 1; i <= r.getMetaData().getColumnCount(); i++) row.add(r.getObject(i));
        return row;
    }

    static Object one(String sql, Object... args) throws SQLException { return one(link, sql, args); }

    static Object one(Connection c, String sql, Object... args) throws SQLException {
        try (PreparedStatement s = c.prepareStatement(sql)) {
            for (int i = 0; i < args.length; i++) s.setObject(i + 1, args[i]);
            if (!s.execute()) return s.getUpdateCount();
            try (ResultSet r = s.getResultSet()) {
                return r.next() ? r.getObject(1) : null;
            }
        }
    }

    /** Columns of every row of a result, with a slash between. */
    static List<String> list(ResultSet r, String... columns) throws SQLException {
        List<String> all = new ArrayList<>();
        while (r.next()) {
            StringJoiner line = new StringJoiner("/");
            for (String c : columns) line.add(r.getString(c));
            all.add(line.toString());
        }
        r.close();
        return all;
    }

    public static void main(String[] args) throws Exception {
        if (args.length > 0) {
            System.out.println(org.postgresql.Driver.class.getPackage().getImplementationVersion() == null
                ? org.postgresql.util.DriverInfo.DRIVER_VERSION : org.postgresql.Driver.class.getPackage().getImplementationVersion());
            return;
        }
        link = open();
        check("connect", () -> {
            same(one("SELECT current_user"), "dana");
            same(link.getMetaData().getUserName(), "dana");
            same(link.getCatalog(), env.get("PGDATABASE"));
            same(link.getSchema(), "app");
            same(link.isValid(5), true);
        });
        check("introspect", Client::introspect);
        check("type information", Client::typeInformation);
        check("text", () -> specimen(open("binaryTransfer", "false")));
        check("binary", () -> specimen(open("prepareThreshold", "-1")));
        check("write", Client::write);
        check("transaction", Client::transaction);
        check("savepoint", Client::savepoint);
        check("error", Client::error);
        check("stream", Client::stream);
        check("cancel", Client::cancel);
        check("tenant", () -> {
            for (String table : List.of("task", "project", "member", "comment", "invoice", "reading"))
                same(one("SELECT count(*) FROM " + table), Long.valueOf(env.get("WANT_" + table.toUpperCase() + "S")));
            same(one("SELECT count(*) FROM specimen WHERE id = ?", 3), 0L);
        });
        check("prepared", Client::prepared);
        check("modes", Client::modes);
        check("copy", Client::copy);
        check("session", Client::session);
    }

    static void introspect() throws SQLException {
        DatabaseMetaData m = link.getMetaData();
        List<String> tables = new ArrayList<>();
        for (String t : list(m.getTables(null, null, "%", new String[] {"TABLE", "PARTITIONED TABLE"}), "TABLE_SCHEM", "TABLE_NAME")) tables.add(t.replace('/', '.'));
        Collections.sort(tables);
        same(String.join(" ", tables), env.get("WANT_TABLES"));
        same(list(m.getTables(null, "app", "audit_log", null), "TABLE_NAME"), List.of());
        same(list(m.getTables(null, "app", "specimen", null), "TABLE_TYPE", "REMARKS"), List.of("TABLE/One of each type"));
        same(list(m.getSchemas(), "TABLE_SCHEM").containsAll(List.of("app", "billing", "information_schema", "pg_catalog")), true);
        same(list(m.getCatalogs(), "TABLE_CAT"), List.of(env.get("PGDATABASE")));
        same(list(m.getColumns(null, "app", "member", "%"), "COLUMN_NAME"), List.of("id", "org_id", "username", "full_name", "joined_on", "active"));
        same(list(m.getColumns(null, "app", "specimen", "a_numeric"), "TYPE_NAME", "COLUMN_SIZE", "DECIMAL_DIGITS", "IS_NULLABLE", "REMARKS"),
            List.of("numeric/20/6/YES/An exact number"));
        same(list(m.getColumns(null, "app", "reading", "id"), "TYPE_NAME", "IS_NULLABLE", "IS_AUTOINCREMENT"), List.of("int8/NO/YES"));
        same(list(m.getPrimaryKeys(null, "app", "membership"), "COLUMN_NAME", "KEY_SEQ"), List.of("project_id/1", "member_id/2"));
        same(list(m.getImportedKeys(null, "app", "task"), "PKTABLE_NAME", "PKCOLUMN_NAME", "FKCOLUMN_NAME"), List.of("project/id/project_id"));
        same(list(m.getExportedKeys(null, "app", "task"), "FKTABLE_NAME", "FKCOLUMN_NAME"), List.of("comment/task_id"));
        same(list(m.getCrossReference(null, "app", "project", null, "app", "task"), "FKCOLUMN_NAME"), List.of("project_id"));
        same(list(m.getIndexInfo(null, "app", "reading", false, true), "COLUMN_NAME", "NON_UNIQUE"), List.of("id/f", "org_id/t", "sensor/t"));
        same(list(m.getBestRowIdentifier(null, "app", "task", DatabaseMetaData.bestRowSession, true), "COLUMN_NAME"), List.of("id"));
        list(m.getVersionColumns(null, "app", "task"), "COLUMN_NAME");
        list(m.getProcedures(null, null, "%"), "PROCEDURE_NAME");
        list(m.getFunctions(null, "app", "%"), "FUNCTION_NAME");
        list(m.getUDTs(null, "app", "%", null), "TYPE_NAME");
        same(list(m.getTableTypes(), "TABLE_TYPE").contains("TABLE"), true);
        m.getTablePrivileges(null, "app", "task").close();
        m.getColumnPrivileges(null, "app", "task", "%").close();
        same(m.getMaxColumnNameLength(), 63);
        try (Statement s = link.createStatement(); ResultSet r = s.executeQuery("SELECT id, title AS name FROM task WHERE false")) {
            ResultSetMetaData c = r.getMetaData();
            same(List.of(c.getTableName(1), c.getColumnName(1), c.isAutoIncrement(1)), List.of("task", "id", true));
            same(((org.postgresql.PGResultSetMetaData) c).getBaseColumnName(2), "title");
            same(c.isNullable(2), ResultSetMetaData.columnNoNulls);
        }
    }

    static void typeInformation() throws SQLException {
        DatabaseMetaData m = link.getMetaData();
        List<String> types = list(m.getTypeInfo(), "TYPE_NAME");
        same(types.containsAll(List.of("int4", "text", "numeric", "timestamptz", "uuid", "jsonb")), true);
        same(m.getDatabaseProductName(), "PostgreSQL");
        m.getSQLKeywords();
        same(m.getDefaultTransactionIsolation(), Connection.TRANSACTION_READ_COMMITTED);
        list(m.getClientInfoProperties(), "NAME");
    }

    static void specimen(Connection c) throws Exception {
        try (c; PreparedStatement s = c.prepareStatement("SELECT * FROM specimen WHERE id = ?")) {
            s.setInt(1, 1);
            try (ResultSet r = s.executeQuery()) {
                same(r.next(), true);
                List<Object> row = row(r);
                same(row.subList(0, 12), Arrays.asList(1, "acme", -32768, 2147483647, -9223372036854775808L, new BigDecimal("12345678901234.567890"), 1.5f, 2.5e-10,
                    "Grüße, 'world'", "varchar", "char  ", true));
                same(Arrays.equals(r.getBytes("a_bytea"), new byte[] {0, -1, 16}), true);
                same(r.getObject("a_date", LocalDate.class), LocalDate.of(2026, 2, 28));
                same(r.getObject("a_time", LocalTime.class), LocalTime.of(13, 14, 15, 678901000));
                same(r.getObject("a_timestamp", LocalDateTime.class), LocalDateTime.of(2026, 2, 28, 13, 14, 15, 678901000));
                same(r.getObject("a_timestamptz", OffsetDateTime.class).toInstant(), Instant.parse("2026-02-28T13:14:15.678901Z"));
                same(r.getString("an_interval"), "1 year 2 mons 3 days 04:05:06");
                same(r.getObject("a_uuid"), UUID.fromString("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"));
                same(r.getString("a_json"), "{\"a\": [1, 2]}");
                same(r.getString("a_jsonb"), "{\"b\": {\"c\": null}}");
                same(Arrays.asList((Object[]) r.getArray("an_int_array").getArray()), Arrays.asList(1, 2, null, -4));
                same(Arrays.asList((Object[]) r.getArray("a_text_array").getArray()), Arrays.asList("one", "two, three", null, ""));
                same(r.getString("an_enum"), "on_hold");
                same(List.of(r.getString("an_inet"), r.getString("an_int_range")), List.of("192.168.1.7/24", "[3,9)"));
            }
            s.setInt(1, 2);
            try (ResultSet r = s.executeQuery()) {
                r.next();
                same(new HashSet<>(row(r).subList(2, 27)), new HashSet<>(Arrays.asList((Object) null)));
            }
        }
    }

    static void write() throws SQLException {
        same(one("INSERT INTO specimen (id, org_id, an_int, a_date) VALUES (?, ?, ?, ?) RETURNING an_int", 1001, "acme", 5, LocalDate.of(2026, 1, 2)), 5);
        same(one("UPDATE specimen SET an_int = ?, an_enum = ?::project_status WHERE id >= ?", 6, "active", 1001), 1);
        try (PreparedStatement s = link.prepareStatement("INSERT INTO specimen (id, org_id, an_int) VALUES (?, ?, ?)")) {
            for (int n = 1100; n < 1150; n++) {
                s.setInt(1, n);
                s.setString(2, "acme");
                s.setNull(3, Types.INTEGER);
                s.addBatch();
            }
            same(Arrays.stream(s.executeBatch()).sum(), 50);
        }
        try (Connection c = open("reWriteBatchedInserts", "true"); PreparedStatement s = c.prepareStatement("INSERT INTO specimen (id, org_id) VALUES (?, ?)")) {
            for (int n = 1200; n < 1233; n++) {
                s.setInt(1, n);
                s.setString(2, "acme");
                s.addBatch();
            }
            same(s.executeBatch().length, 33);
        }
        try (PreparedStatement s = link.prepareStatement("INSERT INTO reading (org_id, sensor, taken_at, value) VALUES ('acme', 1, now(), 2)", Statement.RETURN_GENERATED_KEYS)) {
            same(s.executeUpdate(), 1);
            ResultSet keys = s.getGeneratedKeys();
            keys.next();
            same(one("DELETE FROM reading WHERE id = ?", keys.getLong("id")), 1);
        }
        same(one("DELETE FROM specimen WHERE id >= 1001"), 84);
    }

    static void transaction() throws SQLException {
        try (Connection c = open()) {
            c.setAutoCommit(false);
            one(c, "INSERT INTO specimen (id, org_id) VALUES (1002, 'acme')");
            c.rollback();
            same(one("SELECT count(*) FROM specimen WHERE id = 1002"), 0L);
            one(c, "INSERT INTO specimen (id, org_id) VALUES (1002, 'acme')");
            c.commit();
            same(one("DELETE FROM specimen WHERE id = 1002"), 1);
            c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            c.setReadOnly(true);
            same(one(c, "SHOW transaction_isolation"), "serializable");
            same(one(c, "SHOW transaction_read_only"), "on");
            c.rollback();
        }
    }

    static void savepoint() throws SQLException {
        try (Connection c = open()) {
            c.setAutoCommit(false);
            one(c, "INSERT INTO specimen (id, org_id) VALUES (1003, 'acme')");
            Savepoint point = c.setSavepoint("here");
            try {
                one(c, "INSERT INTO specimen (id, org_id) VALUES (1003, 'acme')");
                throw new AssertionError("a key stands twice");
            } catch (PSQLException e) {
                same(e.getSQLState(), "23505");
            }
            c.rollback(point);
            same(one(c, "SELECT count(*) FROM specimen WHERE id = 1003"), 1L);
            c.rollback();
        }
        try (Connection c = open("autosave", "always")) {
            c.setAutoCommit(false);
            try {
                one(c, "SELECT nonesuch FROM task");
            } catch (PSQLException e) {
                same(e.getSQLState(), "42703");
            }
            same(one(c, "SELECT 1"), 1);
            c.rollback();
        }
    }

    static void error() throws SQLException {
        String[][] all = {
            {"SELECT nonesuch FROM task", "42703"}, {"SELECT 1 / (id - id) FROM task", "22012"}, {"SELECT * FROM audit_log", "42P01"},
            {"INSERT INTO project (org_id, name, owner_id) VALUES ('globex', 'x', 'dana')", "42501"},
        };
        for (String[] e : all) {
            try {
                one(e[0]);
                throw new AssertionError(e[0] + " succeeds");
            } catch (PSQLException x) {
                same(x.getSQLState(), e[1]);
                if (e[1].equals("42703")) same(x.getServerErrorMessage().getPosition(), 8);
            }
        }
    }

    static void stream() throws SQLException {
        try (Connection c = open()) {
            c.setAutoCommit(false);
            long n = 0, sum = 0;
            try (Statement s = c.createStatement()) {
                s.setFetchSize(3000);
                try (ResultSet r = s.executeQuery("SELECT * FROM reading")) {
                    while (r.next()) {
                        n++;
                        sum += r.getLong(1);
                    }
                }
            }
            same(n, Long.valueOf(env.get("WANT_READINGS")));
            same(BigDecimal.valueOf(sum), one("SELECT sum(id) FROM reading"));
            try (Statement s = c.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY); ResultSet r = s.executeQuery("SELECT id FROM task ORDER BY id")) {
                same(r.last(), true);
                same((long) r.getRow(), Long.valueOf(env.get("WANT_TASKS")));
            }
            c.rollback();
        }
    }

    static void cancel() throws Exception {
        try (Statement s = link.createStatement()) {
            Thread t = new Thread(() -> {
                try {
                    Thread.sleep(500);
                    s.cancel();
                } catch (Exception e) {
                    e.printStackTrace();
                }
            });
            t.start();
            try {
                s.executeQuery(env.get("SLOW_QUERY"));
                throw new AssertionError("it ended by itself");
            } catch (PSQLException e) {
                same(e.getSQLState(), "57014");
            }
            t.join();
        }
        same(one("SELECT 1"), 1);
        try (Statement s = link.createStatement()) {
            s.setQueryTimeout(1);
            s.executeQuery(env.get("SLOW_QUERY"));
            throw new AssertionError("it ended by itself");
        } catch (PSQLException e) {
            same(e.getSQLState(), "57014");
        }
    }

    static void prepared() throws SQLException {
        try (PreparedStatement s = link.prepareStatement("SELECT id, title, created_at FROM task WHERE id > ? AND status = ?::task_status ORDER BY id LIMIT 3")) {
            for (int i = 0; i < 12; i++) { // on the server from the fifth on
                s.setLong(1, i);
                s.setString(2, "open");
                try (ResultSet r = s.executeQuery()) {
                    r.next();
                    same(r.getLong(1) > i, true);
                }
            }
            same(s.unwrap(PGStatement.class).isUseServerPrepare(), true);
        }
        try (PreparedStatement s = link.prepareStatement("SELECT count(*) FROM task WHERE id = ANY (?)")) {
            s.setArray(1, link.createArrayOf("bigint", new Long[] {1L, 2L, 3L}));
            s.executeQuery().close();
            same(s.getParameterMetaData().getParameterTypeName(1), "_int8");
        }
        try (Statement s = link.createStatement()) {
            same(s.execute("SELECT 1; SELECT 2"), true);
            same(s.getMoreResults(), true);
            s.getResultSet().next();
            same(s.getResultSet().getInt(1), 2);
        }
        try (Statement s = link.createStatement(ResultSet.TYPE_SCROLL_SENSITIVE, ResultSet.CONCUR_UPDATABLE)) {
            ResultSet r = s.executeQuery("SELECT id, org_id, an_int FROM specimen WHERE id = 2");
            r.next();
            r.updateInt("an_int", 7);
            r.updateRow();
            r.updateNull("an_int");
            r.updateRow();
        }
    }

    static void modes() throws SQLException {
        for (String mode : List.of("simple", "extended", "extendedForPrepared", "extendedCacheEverything"))
            try (Connection c = open("preferQueryMode", mode)) {
                for (int i = 0; i < 7; i++) same(one(c, "SELECT count(*) FROM task WHERE project_id > ?", 0), Long.valueOf(env.get("WANT_TASKS")));
            }
    }

    static void copy() throws Exception {
        var manager = link.unwrap(PGConnection.class).getCopyAPI();
        StringWriter out = new StringWriter();
        same(manager.copyOut("COPY (SELECT id FROM reading) TO STDOUT WITH (FORMAT csv)", out), Long.valueOf(env.get("WANT_READINGS")));
        if (!env.get("NATIVE").isEmpty()) return; // where PostgreSQL refuses it
        same(manager.copyIn("COPY specimen (id, org_id) FROM STDIN WITH (FORMAT csv)", new StringReader("1004,acme\n1005,acme\n")), 2L);
        same(one("DELETE FROM specimen WHERE id >= 1004"), 2);
    }

    static void session() throws SQLException {
        try (Connection c = open("options", "-c statement_timeout=90s", "currentSchema", "app,billing", "assumeMinServerVersion", "9.4")) {
            c.setClientInfo("ApplicationName", "other");
            same(one(c, "SHOW application_name"), "other");
            c.setNetworkTimeout(Runnable::run, 20000);
            same(c.isValid(3), true);
        }
    }
}
