"""taospy's REST module against the TDengine door: what is written comes back, of the same Python type."""

import sys
from datetime import datetime, timedelta, timezone

import taosrest
from taosrest.errors import ConnectError

URL = sys.argv[1]
BIGINT = 2**63 - 1


def same(got, wanted):
    """Equal, and of the same types down to each cell: 1, 1.0 and True are three values here."""
    kinds = lambda rows: [[type(cell) for cell in row] for row in rows]
    assert (kinds(got), got) == (kinds(wanted), wanted), f"\n   got {got}\nwanted {wanted}"


def refused(errno, statement, by=None):
    try:
        (by or connection).query(statement)
    except ConnectError as error:
        assert error.errno == errno, f"{statement}: {error!r}"
    else:
        raise AssertionError(f"{statement} was carried out")


connection = taosrest.connect(url=URL, user="root", password="taosdata", timeout=30, timezone=timezone.utc)
assert connection.server_info[:1].isdigit(), connection.server_info
cursor = connection.cursor()

assert cursor.execute("create database taospy") == 0
cursor.execute(
    "create stable taospy.meters (ts timestamp, seen timestamp, f float, d double, t tinyint, i int, b bigint, "
    "u bigint unsigned, ok bool, n nchar(8), v varchar(8)) tags (unit int, place nchar(16))"
)
cursor.execute("create table taospy.m1 using taospy.meters tags (1, '北京')")
cursor.execute("create table taospy.m2 using taospy.meters tags (2, null)")
assert cursor.execute(
    "insert into taospy.m1 values "
    f"('2024-01-01 00:00:00.001', '2024-01-01T08:00:00.5+08:00', 10.3, 0.1, -128, 7, {BIGINT}, {2**64 - 1}, true, '温度°C', 'it''s') "
    f"(1704067201000, null, -0.5, 1e300, 127, -7, {-BIGINT}, 0, false, '', ' x ') "
    "taospy.m2 (ts, i) values (1704067202000, null) "
    # A table that this statement makes.
    "taospy.m3 using taospy.meters tags (3, 'süd') (ts, f) values (1704067203000, 2)"
) == 4

FIRST = datetime(2024, 1, 1, 0, 0, 0, 1000, timezone.utc)
SECOND = datetime(2024, 1, 1, 0, 0, 1, 0, timezone.utc)
cursor.execute("select * from taospy.meters order by ts")
rows = [
    [FIRST, FIRST + timedelta(milliseconds=499), 10.3, 0.1, -128, 7, BIGINT, 2**64 - 1, True, "温度°C", "it's", 1, "北京"],
    [SECOND, None, -0.5, 1e300, 127, -7, -BIGINT, 0, False, "", " x ", 1, "北京"],
    [SECOND + timedelta(seconds=1), *[None] * 10, 2, None],
    # Whole floats are printed without a point.
    [SECOND + timedelta(seconds=2), None, 2, *[None] * 8, 3, "süd"],
]
assert cursor.rowcount == 4
kinds = [(column[0], column[1]) for column in cursor.description]
assert kinds == [
    ("ts", "TIMESTAMP"), ("seen", "TIMESTAMP"), ("f", "FLOAT"), ("d", "DOUBLE"), ("t", "TINYINT"), ("i", "INT"),
    ("b", "BIGINT"), ("u", "BIGINT UNSIGNED"), ("ok", "BOOL"), ("n", "NCHAR"), ("v", "VARCHAR"), ("unit", "INT"),
    ("place", "NCHAR"),
], kinds
same(cursor.fetchall(), rows)

answer = connection.query("select count(*), sum(i), avg(d), max(b) from taospy.m1", req_id=7)
same(answer.data, [[2, 0, 5e299, BIGINT]])
assert (answer.rows, [field["type"] for field in answer.fields]) == (1, ["BIGINT", "BIGINT", "DOUBLE", "BIGINT"])
same(connection.query("select _wstart, count(*) from taospy.meters where ts < 1704067202000 interval(1s)").data,
     [[FIRST.replace(microsecond=0), 1], [SECOND, 1]])

# A database in the address; times as the server spells them, and in another zone.
plain = taosrest.connect(url=URL, database="taospy", convert_timestamp=False)
same(plain.query("select ts, place from m1 order by ts desc limit 1").data, [["2024-01-01T00:00:01.000Z", "北京"]])
same(sorted(plain.query("show tables").data), [["m1"], ["m2"], ["m3"]])
shanghai = taosrest.connect(url=URL, database="taospy", timezone="Asia/Shanghai")
assert shanghai.query("select first(ts) from m1").data[0][0].isoformat() == "2024-01-01T08:00:00.001000+08:00"

assert connection.execute("delete from taospy.m1 where ts > 1704067200999") == 1
same(connection.query("select count(*) from taospy.m1").data, [[1]])

refused(0x2602, "select nope from taospy.m1")
refused(0x2603, "select * from taospy.nope")
refused(0x0388, "select * from nope.m1")
refused(0x2600, "selec 1")
refused(0x0357, "select 1", taosrest.connect(url=URL, user="root", password="wrong"))
