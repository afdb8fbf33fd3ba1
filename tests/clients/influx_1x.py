"""The 1.x client `influxdb`: points of every field type, read back through the KWDB door."""

import sys
from urllib.parse import urlsplit

import kwdb
from influxdb import InfluxDBClient
from influxdb.exceptions import InfluxDBClientError

URL = sys.argv[1]
ADDRESS = dict(host=urlsplit(URL).hostname, port=urlsplit(URL).port, username="root", password="root")
COLUMNS = "time, host, rack, value, n, ok, s"


def held(where=""):
    return kwdb.rows(URL, "influx1", f"SELECT {COLUMNS} FROM cpu {where} ORDER BY time, host")


client = InfluxDBClient(**ADDRESS, database="influx1")
client.create_database("influx1")
client.create_database("influx1")
assert {"name": "influx1"} in client.get_list_database()

assert client.write_points([
    {
        "measurement": "cpu",
        "tags": {"host": "a b,c=d", "rack": "süd"},
        "time": 1704067200123456789,
        "fields": {"value": 1.5, "n": 2**63 - 1, "ok": True, "s": 'say "x", \\ ü'},
    },
    {"measurement": "cpu", "tags": {"host": "b"}, "time": "2024-01-01T00:00:01Z", "fields": {"value": -1e300, "n": -(2**63)}},
])
assert client.write_points(
    [{"measurement": "cpu", "time": 1704067202500, "fields": {"ok": False, "s": ""}}],
    time_precision="ms", tags={"host": "c", "rack": "r"}, retention_policy="autogen",
)
assert client.write_points(["cpu,host=d value=2 1704067203"], protocol="line", time_precision="s")
zipped = InfluxDBClient(**ADDRESS, database="influx1", gzip=True)
many = [{"measurement": "load", "tags": {"host": f"h{n % 7}"}, "time": n, "fields": {"n": n}} for n in range(3000)]
assert zipped.write_points(many, time_precision="s", batch_size=1000)

got = held()
wanted = [
    ["2024-01-01T00:00:00.123456789Z", "a b,c=d", "süd", 1.5, 2**63 - 1, True, 'say "x", \\ ü'],
    ["2024-01-01T00:00:01Z", "b", None, -1e300, -(2**63), None, None],
    ["2024-01-01T00:00:02.5Z", "c", "r", None, None, False, ""],
    ["2024-01-01T00:00:03Z", "d", None, 2, None, None, None],
]
assert got == wanted, got
assert [type(cell) for cell in got[0][3:6]] == [float, int, bool], got[0]
assert kwdb.rows(URL, "influx1", "SELECT count(*), sum(n) FROM load") == [[3000, sum(range(3000))]]
assert {"name": "cpu"} in client.get_list_measurements()

# A point again at its time: its fields change, the others stay.
client.write_points(["cpu,host=d n=5i,value=3 1704067203"], protocol="line", time_precision="s")
assert held("WHERE host = 'd'") == [["2024-01-01T00:00:03Z", "d", None, 3, 5, None, None]]

try:
    client.write_points(["cpu,host=e value=1i 1704067204", "cpu,host=f value=1 1704067204"], protocol="line", time_precision="s")
except InfluxDBClientError as error:
    assert error.code == 400 and "field type conflict" in error.content, error
else:
    raise AssertionError("another type was taken")
assert [row[1] for row in held("WHERE time >= '2024-01-01 00:00:04'")] == ["f"]
