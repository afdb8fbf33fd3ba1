// driver-go's taosRestful against the TDengine door: what is written comes back, of the same Go type.
package main

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"time"

	taos "github.com/taosdata/driver-go/v3/errors"
	_ "github.com/taosdata/driver-go/v3/taosRestful"
)

type row = []any

// The one connection pool of most checks: no database in the address.
var plain *sql.DB

func main() {
	defer func() {
		if difference := recover(); difference != nil {
			fmt.Fprintln(os.Stderr, difference)
			os.Exit(1)
		}
	}()
	plain = open("taosdata", "")
	same("ping", plain.Ping(), nil)
	run(0, "create database golang")

	everyType()
	precisions()
	arguments()
	many()
	aggregates()
	tags()
	refusals()
}

// Two children, one of them made by the INSERT; every type at both ends of its range, and NULL in each.
func everyType() {
	run(0, "create stable golang.kinds (ts timestamp, seen timestamp, "+
		"ok bool, i1 tinyint, i2 smallint, i4 int, i8 bigint, "+
		"u1 tinyint unsigned, u2 smallint unsigned, u4 int unsigned, u8 bigint unsigned, f float, d double, "+
		"v varchar(16), n nchar(8), b varbinary(8)) tags (unit int, place nchar(16))")
	run(0, "create table golang.k1 using golang.kinds tags (1, '北京')")
	run(3, "insert into golang.k1 values "+
		"('2024-01-01 00:00:00.001', '2024-01-01T08:00:00.5+08:00', "+
		"true, -128, -32768, -2147483648, -9223372036854775807, "+
		"255, 65535, 4294967295, 18446744073709551615, 10.3, 1e300, 'it''s', '温度°C😀', '\\x00ff') "+
		"(1704067201000, null, false, 127, 32767, 2147483647, 9223372036854775807, "+
		"0, 0, 0, 0, -0.5, 0.1, ' x ', '', '\\x') "+
		"golang.k2 using golang.kinds tags (2, null) (ts) values (1704067202000)")

	const kinds = "select * from golang.kinds order by ts"
	answer, err := plain.Query(kinds)
	same(kinds, err, nil)
	columns, err := answer.ColumnTypes()
	same("columns", err, nil)
	var names []string
	for _, column := range columns {
		names = append(names, column.Name()+" "+column.DatabaseTypeName())
	}
	same("names and types", strings.Join(names, ", "), "ts TIMESTAMP, seen TIMESTAMP, ok BOOL, i1 TINYINT, i2 SMALLINT, "+
		"i4 INT, i8 BIGINT, u1 TINYINT UNSIGNED, u2 SMALLINT UNSIGNED, u4 INT UNSIGNED, u8 BIGINT UNSIGNED, f FLOAT, "+
		"d DOUBLE, v VARCHAR, n NCHAR, b VARBINARY, unit INT, place NCHAR")
	same(kinds, read(answer), []row{
		{at("2024-01-01T00:00:00.001Z"), at("2024-01-01T00:00:00.5Z"),
			true, int8(-128), int16(-32768), int32(-2147483648), int64(-9223372036854775807),
			uint8(255), uint16(65535), uint32(4294967295), uint64(18446744073709551615),
			float32(10.3), 1e300, "it's", "温度°C😀", []byte{0, 255}, int32(1), "北京"},
		{at("2024-01-01T00:00:01Z"), nil,
			false, int8(127), int16(32767), int32(2147483647), int64(9223372036854775807),
			uint8(0), uint16(0), uint32(0), uint64(0), float32(-0.5), 0.1, " x ", "", []byte{}, int32(1), "北京"},
		{at("2024-01-01T00:00:02Z"), nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, int32(2), nil},
	})
}

// A time keeps every digit of its database's unit.
func precisions() {
	for _, unit := range []struct {
		name  string
		size  time.Duration
		first string
	}{
		{"ms", time.Millisecond, "2024-01-01T00:00:00.123Z"},
		{"us", time.Microsecond, "2024-01-01T00:00:00.123456Z"},
		{"ns", time.Nanosecond, "2024-01-01T00:00:00.123456789Z"},
	} {
		first := at(unit.first)
		count := first.UnixNano() / int64(unit.size)
		run(0, fmt.Sprintf("create database golang_%s precision '%s'", unit.name, unit.name))
		run(0, fmt.Sprintf("create table golang_%s.t (ts timestamp, i int)", unit.name))
		run(2, fmt.Sprintf("insert into golang_%s.t values ('%s', 1) (%d, 2)", unit.name, unit.first, count+1))
		rows(fmt.Sprintf("select ts, cast(ts as bigint) from golang_%s.t", unit.name),
			row{first, count}, row{first.Add(unit.size), count + 1})
	}
}

// The driver pastes arguments into the text; quotes around strings are the caller's. The database is in the address.
func arguments() {
	inside := open("taosdata", "golang")
	defer inside.Close()
	run(0, "create stable golang.meters (ts timestamp, i int, d double, ok bool, n nchar(16)) tags (unit int)")
	for unit := 1; unit <= 2; unit++ {
		for second := 0; second < 3; second++ {
			var degrees any = 0.1
			if second == 2 {
				degrees = nil
			}
			result, err := inside.Exec("insert into ? using meters tags (?) values (?, ?, ?, ?, '?')",
				fmt.Sprintf("m%d", unit), unit, at("2024-01-01T00:00:00Z").Add(time.Duration(second)*time.Second),
				unit*10+second, degrees, second == 0, "温度")
			same("insert", err, nil)
			affected, err := result.RowsAffected()
			same("affected", err, nil)
			same("affected", affected, int64(1))
		}
	}
	answer, err := inside.Query("select ts, i, d, ok, n from meters where tbname = '?' and ts >= ? order by ts",
		"m1", at("2024-01-01T00:00:01Z"))
	same("select", err, nil)
	same("select", read(answer), []row{
		{at("2024-01-01T00:00:01Z"), int32(11), 0.1, false, "温度"},
		{at("2024-01-01T00:00:02Z"), int32(12), nil, false, "温度"},
	})
	var stamp time.Time
	var number int
	var degrees sql.NullFloat64
	same("one row", inside.QueryRow("select ts, i, d from m2 where i = ?", 22).Scan(&stamp, &number, &degrees), nil)
	same("one row", row{stamp, number, degrees.Valid}, row{at("2024-01-01T00:00:02Z"), 22, false})
	same("no row", inside.QueryRow("select i from m2 where i > 1000").Scan(&number), sql.ErrNoRows)
}

// Compressed, and longer than what the driver reads at once.
func many() {
	inside := open("taosdata", "golang?disableCompression=false&readBufferSize=64")
	defer inside.Close()
	var values strings.Builder
	var wanted []row
	for i := 0; i < 2000; i++ {
		text := fmt.Sprintf("№ %d 温度", i)
		fmt.Fprintf(&values, "(%d, '%s')", 1704067200000+i, text)
		wanted = append(wanted, row{time.UnixMilli(1704067200000 + int64(i)).UTC(), text})
	}
	run(0, "create table golang.many (ts timestamp, n nchar(16))")
	run(2000, "insert into golang.many values "+values.String())
	answer, err := inside.Query("select * from many")
	same("many", err, nil)
	same("many", read(answer), wanted)
}

func aggregates() {
	rows("select count(*), sum(i), avg(i), max(d), first(ts) from golang.meters where unit = 1",
		row{int64(3), int64(33), 11.0, 0.1, at("2024-01-01T00:00:00Z")})
	rows("select _wstart, _wend, count(*), sum(i) from golang.meters interval(2s)",
		row{at("2024-01-01T00:00:00Z"), at("2024-01-01T00:00:02Z"), int64(4), int64(62)},
		row{at("2024-01-01T00:00:02Z"), at("2024-01-01T00:00:04Z"), int64(2), int64(34)})
	rows("select tbname, _wstart, count(d) from golang.meters where ts >= '2024-01-01 00:00:01' "+
		"partition by tbname interval(1s) order by tbname, _wstart",
		row{"m1", at("2024-01-01T00:00:01Z"), int64(1)}, row{"m1", at("2024-01-01T00:00:02Z"), int64(0)},
		row{"m2", at("2024-01-01T00:00:01Z"), int64(1)}, row{"m2", at("2024-01-01T00:00:02Z"), int64(0)})
	run(2, "delete from golang.m2 where ts >= '2024-01-01 00:00:01'")
	rows("select tbname, count(*) from golang.meters group by tbname order by tbname",
		row{"m1", int64(3)}, row{"m2", int64(1)})
}

// JSON tags come as their bytes.
func tags() {
	run(0, "create stable golang.labelled (ts timestamp, i int) tags (labels json)")
	run(1, `insert into golang.l1 using golang.labelled tags ('{"place":"北京","floor":3}') values (1704067200000, 1)`)
	rows("select labels, i from golang.labelled where labels->'floor' = 3",
		row{[]byte(`{"place":"北京","floor":3}`), int32(1)})
}

func refusals() {
	refused(0x2603, plain, "select * from golang.nope")
	refused(0x2603, plain, "insert into golang.nope values (now, 1)")
	refused(0x2602, plain, "select nope from golang.m1")
	refused(0x0388, plain, "select * from nope.m1")
	refused(0x2616, open("taosdata", "nope"), "select * from m1")
	refused(0x2600, plain, "selec 1")
	// The driver sends nothing before the first statement.
	refused(0x0357, open("wrong", ""), "select 1")
}

func open(password, rest string) *sql.DB {
	address := strings.TrimPrefix(os.Args[1], "http://")
	pool, err := sql.Open("taosRestful", fmt.Sprintf("root:%s@http(%s)/%s", password, address, rest))
	same("open", err, nil)
	return pool
}

func run(affected int64, statement string) {
	result, err := plain.Exec(statement)
	same(statement, err, nil)
	got, err := result.RowsAffected()
	same(statement, err, nil)
	same(statement, got, affected)
}

func rows(statement string, wanted ...row) {
	answer, err := plain.Query(statement)
	same(statement, err, nil)
	same(statement, read(answer), wanted)
}

func read(answer *sql.Rows) []row {
	defer answer.Close()
	names, err := answer.Columns()
	same("columns", err, nil)
	var all []row
	for answer.Next() {
		cells, places := make(row, len(names)), make(row, len(names))
		for i := range cells {
			places[i] = &cells[i]
		}
		same("scan", answer.Scan(places...), nil)
		all = append(all, cells)
	}
	same("rows", answer.Err(), nil)
	return all
}

func refused(code int32, by *sql.DB, statement string) {
	_, err := by.Query(statement)
	var refusal *taos.TaosError
	if !errors.As(err, &refusal) {
		panic(fmt.Sprintf("%s: %v is not a refusal by the server", statement, err))
	}
	same(statement+": "+refusal.Error(), refusal.Code, code)
}

func at(text string) time.Time {
	instant, err := time.Parse(time.RFC3339Nano, text)
	same(text, err, nil)
	return instant
}

// Equal, and of the same types down to each cell.
func same(what string, got, wanted any) {
	if !reflect.DeepEqual(got, wanted) {
		panic(fmt.Sprintf("%s\n   got %s\nwanted %s", what, shown(got), shown(wanted)))
	}
}

func shown(value any) string {
	switch value := value.(type) {
	case []row:
		var lines []string
		for _, cells := range value {
			lines = append(lines, shown(cells))
		}
		return strings.Join(lines, "\n       ")
	case row:
		var cells []string
		for _, cell := range value {
			cells = append(cells, shown(cell))
		}
		return strings.Join(cells, ", ")
	default:
		return fmt.Sprintf("%T(%v)", value, value)
	}
}
