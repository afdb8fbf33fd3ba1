// The Java driver in REST mode (JDBC, TAOS-RS) against the TDengine door: what is written comes back, of the
// same Java type. Run it with -Duser.timezone=UTC: the driver pastes times in Java's own zone.

import java.math.BigDecimal;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

class TdengineJdbc {
    private static String address;
    private static Connection connection;

    public static void main(String[] arguments) throws SQLException {
        address = arguments[0].replace("http://", "");
        connection = connect("", "taosdata", "");
        same("is valid", connection.isValid(5), true);
        same("created", update("create database jdbc"), 0);

        everyType();
        precisions();
        prepared();
        aggregates();
        tags();
        metadata();
        refusals();
        compressed();
    }

    /** Two children, one of them made by the INSERT; every type at both ends of its range, and NULL in each. */
    private static void everyType() throws SQLException {
        update("create stable jdbc.kinds (ts timestamp, seen timestamp, "
            + "ok bool, i1 tinyint, i2 smallint, i4 int, i8 bigint, "
            + "u1 tinyint unsigned, u2 smallint unsigned, u4 int unsigned, u8 bigint unsigned, f float, d double, "
            + "v varchar(16), n nchar(8)) tags (unit int, place nchar(16))");
        update("create table jdbc.k1 using jdbc.kinds tags (1, '北京')");
        same("inserted", update("insert into jdbc.k1 values "
            + "('2024-01-01 00:00:00.001', '2024-01-01T08:00:00.5+08:00', "
            + "true, -127, -32767, -2147483647, -9223372036854775807, "
            + "255, 65535, 4294967295, 18446744073709551615, 10.3, 1e300, 'it''s', '温度°C😀') "
            + "(1704067201000, null, false, 127, 32767, 2147483647, 9223372036854775807, "
            + "0, 0, 0, 0, -0.5, 0.1, ' x ', '') "
            + "jdbc.k2 using jdbc.kinds tags (2, null) (ts) values (1704067202000)"), 3);

        String kinds = "select * from jdbc.kinds order by ts";
        same("names and types", columns(kinds), List.of("ts TIMESTAMP", "seen TIMESTAMP", "ok BOOL", "i1 TINYINT",
            "i2 SMALLINT", "i4 INT", "i8 BIGINT", "u1 TINYINT UNSIGNED", "u2 SMALLINT UNSIGNED", "u4 INT UNSIGNED",
            "u8 BIGINT UNSIGNED", "f FLOAT", "d DOUBLE", "v BINARY", "n NCHAR", "unit INT", "place NCHAR"));
        rows(kinds,
            row(time("2024-01-01T00:00:00.001Z"), time("2024-01-01T00:00:00.5Z"),
                true, (byte) -127, (short) -32767, -2147483647, -9223372036854775807L,
                unsigned("255"), unsigned("65535"), unsigned("4294967295"), unsigned("18446744073709551615"),
                10.3f, 1e300, "it's", "温度°C😀", 1, "北京"),
            row(time("2024-01-01T00:00:01Z"), null,
                false, (byte) 127, (short) 32767, 2147483647, 9223372036854775807L,
                unsigned("0"), unsigned("0"), unsigned("0"), unsigned("0"), -0.5f, 0.1, " x ", "", 1, "北京"),
            row(time("2024-01-01T00:00:02Z"), null, null, null, null, null, null, null, null, null, null, null,
                null, null, null, 2, null));
    }

    /** A time keeps every digit of its database's unit, and getLong counts in that unit. */
    private static void precisions() throws SQLException {
        long[] counts = {1704067200123L, 1704067200123456L, 1704067200123456789L};
        String[] units = {"ms", "us", "ns"};
        String[] digits = {"123", "123456", "123456789"};
        for (int i = 0; i < units.length; i++) {
            String table = "jdbc_" + units[i] + ".t";
            update("create database jdbc_" + units[i] + " precision '" + units[i] + "'");
            update("create table " + table + " (ts timestamp, i int)");
            update("insert into " + table + " values "
                + "('2024-01-01 00:00:00." + digits[i] + "', 1) (" + (counts[i] + 1) + ", 2)");
            Instant first = Instant.parse("2024-01-01T00:00:00." + digits[i] + "Z");
            long step = new long[] {1_000_000, 1_000, 1}[i];
            rows("select * from " + table, row(Timestamp.from(first), 1), row(Timestamp.from(first.plusNanos(step)), 2));
            try (Statement statement = connection.createStatement();
                 ResultSet result = statement.executeQuery("select ts from " + table + " where i = 1")) {
                same("a row", result.next(), true);
                same("count of " + units[i], result.getLong(1), counts[i]);
            }
        }
    }

    /** The driver pastes values into the text: strings with \' and times as '2024-01-01 00:00:00.0'. */
    private static void prepared() throws SQLException {
        try (Connection inside = connect("jdbc", "taosdata", "")) {
            try (Statement statement = inside.createStatement()) {
                statement.executeUpdate("create stable meters (ts timestamp, i int, d double, ok bool, n nchar(16)) "
                    + "tags (unit int, place nchar(16))");
            }
            String insert = "insert into ? using meters tags (?, ?) values (?, ?, ?, ?, ?)";
            try (PreparedStatement statement = inside.prepareStatement(insert)) {
                for (int unit = 1; unit <= 2; unit++) {
                    for (int second = 0; second < 3; second++) {
                        statement.setString(1, "m" + unit);
                        statement.setInt(2, unit);
                        statement.setString(3, unit == 1 ? "it's" : "süd");
                        statement.setTimestamp(4, Timestamp.from(Instant.ofEpochSecond(1704067200 + second)));
                        statement.setInt(5, unit * 10 + second);
                        statement.setDouble(6, 0.1);
                        statement.setBoolean(7, second == 0);
                        if (second == 2) {
                            statement.setNull(8, Types.NCHAR);
                        } else {
                            statement.setString(8, "温'度\"" + second);
                        }
                        statement.addBatch();
                    }
                }
                same("batch", Arrays.toString(statement.executeBatch()), "[1, 1, 1, 1, 1, 1]");
            }
            String select = "select ts, i, d, ok, n from meters where place = ? and ts >= ? and i < ? order by ts";
            try (PreparedStatement statement = inside.prepareStatement(select)) {
                statement.setString(1, "it's");
                statement.setTimestamp(2, time("2024-01-01T00:00:01Z"));
                statement.setInt(3, 100);
                same("selected", read(statement.executeQuery()), List.of(
                    row(time("2024-01-01T00:00:01Z"), 11, 0.1, false, "温'度\"1"),
                    row(time("2024-01-01T00:00:02Z"), 12, 0.1, false, null)));
            }
            // What changes rows and what returns them is told apart; a batch stops at a statement that is refused.
            try (Statement statement = inside.createStatement()) {
                same("no rows", statement.execute("insert into m1 (ts, i) values ('2024-01-01 00:00:02', 99)"), false);
                same("updated", statement.getUpdateCount(), 1);
                same("rows", statement.execute("select i, d from m1 where ts = '2024-01-01 00:00:02'"), true);
                same("merged", read(statement.getResultSet()), List.of(row(99, 0.1)));
                statement.addBatch("insert into m1 (ts, i) values ('2024-01-01 00:00:02', 12)");
                statement.addBatch("insert into nowhere values (now, 1)");
                try {
                    statement.executeBatch();
                    throw new AssertionError("a batch with a wrong table was carried out");
                } catch (BatchUpdateException error) {
                    same("first of the batch", error.getUpdateCounts()[0], 1);
                }
            }
        }
    }

    private static void aggregates() throws SQLException {
        rows("select count(*), sum(i), avg(i), max(d), min(n), first(ts) from jdbc.meters where unit = 1",
            row(3L, 33L, 11.0, 0.1, "温'度\"0", time("2024-01-01T00:00:00Z")));
        rows("select _wstart, _wend, count(*), sum(i) from jdbc.meters interval(2s)",
            row(time("2024-01-01T00:00:00Z"), time("2024-01-01T00:00:02Z"), 4L, 62L),
            row(time("2024-01-01T00:00:02Z"), time("2024-01-01T00:00:04Z"), 2L, 34L));
        rows("select tbname, _wstart, count(n) from jdbc.meters where ts >= '2024-01-01 00:00:01' "
            + "partition by tbname interval(1s) order by tbname, _wstart",
            row("m1", time("2024-01-01T00:00:01Z"), 1L),
            row("m1", time("2024-01-01T00:00:02Z"), 0L),
            row("m2", time("2024-01-01T00:00:01Z"), 1L),
            row("m2", time("2024-01-01T00:00:02Z"), 0L));
        same("deleted", update("delete from jdbc.m2 where ts >= '2024-01-01 00:00:01'"), 2);
        rows("select tbname, count(*) from jdbc.meters group by tbname order by tbname", row("m1", 3L), row("m2", 1L));
        rows("select i from jdbc.meters where i > 1000");
    }

    /** JSON tags come as their text. */
    private static void tags() throws SQLException {
        update("create stable jdbc.labelled (ts timestamp, i int) tags (labels json)");
        String labels = "{\"place\":\"北京\",\"floor\":3}";
        update("insert into jdbc.l1 using jdbc.labelled tags ('" + labels + "') values (1704067200000, 1)");
        rows("select labels, i from jdbc.labelled where labels->'floor' = 3", row(labels, 1));
    }

    /** What tools that browse a database ask the driver for. */
    private static void metadata() throws SQLException {
        DatabaseMetaData database = connection.getMetaData();
        same("product", database.getDatabaseProductVersion().startsWith("3."), true);
        List<String> catalogs = strings(database.getCatalogs(), "TABLE_CAT");
        same("catalogs", catalogs.containsAll(List.of("information_schema", "jdbc", "jdbc_us")), true);
        same("tables and views", strings(database.getTables("jdbc", null, "m%", null), "TABLE_NAME"),
            List.of("m1", "m2", "meters"));
        same("super table", strings(database.getSuperTables("jdbc", null, "m1"), "SUPERTABLE_NAME"), List.of("meters"));
        same("primary key", strings(database.getPrimaryKeys("jdbc", null, "meters"), "COLUMN_NAME"), List.of("ts"));
        same("columns", strings(database.getColumns("jdbc", null, "meters", "%"), "COLUMN_NAME"),
            List.of("ts", "i", "d", "ok", "n", "unit", "place"));
        same("types", strings(database.getColumns("jdbc", null, "meters", "%"), "TYPE_NAME"),
            List.of("TIMESTAMP", "INT", "DOUBLE", "BOOL", "NCHAR", "INT", "NCHAR"));
    }

    private static void refusals() throws SQLException {
        refused(0x2603, connection, "select * from jdbc.nope");
        refused(0x2603, connection, "insert into jdbc.nope values (now, 1)");
        refused(0x2602, connection, "select nope from jdbc.m1");
        refused(0x0388, connection, "select * from nope.m1");
        refused(0x2600, connection, "selec 1");
        // Without a database the driver sends nothing before the first statement; with one it sends a USE.
        refused(0x0357, connect("", "wrong", ""), "select 1");
        for (String[] wrong : new String[][] {{"jdbc", "wrong", "357"}, {"nope", "taosdata", "388"}}) {
            try {
                connect(wrong[0], wrong[1], "");
                throw new AssertionError("connected to " + wrong[0] + " with the password " + wrong[1]);
            } catch (SQLException error) {
                same(error.getMessage(), Integer.toHexString(error.getErrorCode()), wrong[2]);
            }
        }
    }

    /** The text of each statement in gzip; the setting is the whole process's, so this comes last. */
    private static void compressed() throws SQLException {
        try (Connection inside = connect("jdbc", "taosdata", "&enableCompression=true");
             Statement statement = inside.createStatement()) {
            same("inserted", statement.executeUpdate("insert into m1 (ts, n) values (1704067210000, '温度')"), 1);
            String select = "select n from m1 where ts = 1704067210000";
            same(select, read(statement.executeQuery(select)), List.of(row("温度")));
        }
    }

    private static Connection connect(String database, String password, String more) throws SQLException {
        return DriverManager.getConnection(
            "jdbc:TAOS-RS://" + address + "/" + database + "?user=root&password=" + password + more);
    }

    private static int update(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return statement.executeUpdate(sql);
        }
    }

    @SafeVarargs
    private static void rows(String sql, List<Object>... wanted) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            same(sql, read(statement.executeQuery(sql)), List.of(wanted));
        }
    }

    private static List<List<Object>> read(ResultSet result) throws SQLException {
        ResultSetMetaData columns = result.getMetaData();
        List<List<Object>> rows = new ArrayList<>();
        while (result.next()) {
            List<Object> row = new ArrayList<>();
            for (int i = 1; i <= columns.getColumnCount(); i++) {
                // Of unsigned numbers, getObject gives a class inside the driver.
                boolean unsigned = columns.getColumnTypeName(i).endsWith("UNSIGNED");
                row.add(unsigned ? result.getBigDecimal(i) : result.getObject(i));
                same("was null", result.wasNull(), row.get(i - 1) == null);
            }
            rows.add(row);
        }
        return rows;
    }

    private static List<String> columns(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            ResultSetMetaData columns = statement.executeQuery(sql).getMetaData();
            List<String> names = new ArrayList<>();
            for (int i = 1; i <= columns.getColumnCount(); i++) {
                names.add(columns.getColumnLabel(i) + " " + columns.getColumnTypeName(i));
            }
            return names;
        }
    }

    private static List<String> strings(ResultSet result, String label) throws SQLException {
        List<String> values = new ArrayList<>();
        while (result.next()) {
            values.add(result.getString(label));
        }
        return values;
    }

    private static void refused(int code, Connection by, String sql) throws SQLException {
        try (Statement statement = by.createStatement()) {
            statement.executeQuery(sql);
            throw new AssertionError(sql + " was carried out");
        } catch (SQLException error) {
            same(sql + ": " + error.getMessage(), Integer.toHexString(error.getErrorCode()), Integer.toHexString(code));
        }
    }

    private static Timestamp time(String instant) {
        return Timestamp.from(Instant.parse(instant));
    }

    private static BigDecimal unsigned(String number) {
        return new BigDecimal(number);
    }

    /** Unlike List.of, with nulls. */
    private static List<Object> row(Object... cells) {
        return Arrays.asList(cells);
    }

    /** Equal, and so of one class: 1, 1L and 1.0 are three values here. */
    private static void same(String what, Object got, Object wanted) {
        if (!got.equals(wanted)) {
            throw new AssertionError(what + "\n   got " + shown(got) + "\nwanted " + shown(wanted));
        }
    }

    /** A value with its class, and of rows every cell so. */
    private static String shown(Object value) {
        if (value instanceof List) {
            return ((List<?>) value).stream().map(TdengineJdbc::shown).collect(Collectors.joining(", ", "[", "]"));
        }
        return value == null ? "null" : value.getClass().getSimpleName() + "(" + value + ")";
    }
}
