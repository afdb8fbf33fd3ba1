"""The 2.x client `influxdb-client`: synchronous and batched writes, read back through the KWDB door."""

import sys

import kwdb
from influxdb_client import InfluxDBClient, Point, WriteOptions
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

URL = sys.argv[1]
START = 1_704_067_200
POINTS = 5000

# A bucket is a database; this door makes none.
kwdb.define(URL, "defaultdb", "CREATE TS DATABASE influx2")

with InfluxDBClient(URL, token="root:root", org="plant") as client:
    assert client.ping()
    with client.write_api(write_options=SYNCHRONOUS) as writer:
        point = Point("cpu").tag("host", "a b,c=d").field("value", 1.5).field("n", 2**63 - 1)
        point.field("ok", True).field("s", 'say "x", \\ ü').time(START * 10**9 + 123456789)
        writer.write("influx2", "plant", point)
        writer.write("influx2", "plant", f"cpu,host=b value=2,n=-9i,ok=f {START * 1000 + 1500}", write_precision="ms")
        writer.write("influx2", "plant", {"measurement": "cpu", "tags": {"host": "c"}, "fields": {"s": ""}, "time": "2024-01-01T00:00:02Z"})
        try:
            writer.write("influx2", "plant", f"cpu,host=b value=true {START * 10**9}")
        except ApiException as error:
            assert error.status == 400 and "field type conflict" in error.body, error
        else:
            raise AssertionError("another type was taken")
    assert [bucket.name for bucket in client.buckets_api().find_buckets(name="influx2").buckets] == ["influx2"]

got = kwdb.rows(URL, "influx2", "SELECT time, host, value, n, ok, s FROM cpu ORDER BY time")
wanted = [
    ["2024-01-01T00:00:00.123456789Z", "a b,c=d", 1.5, 2**63 - 1, True, 'say "x", \\ ü'],
    ["2024-01-01T00:00:01.5Z", "b", 2, -9, False, None],
    ["2024-01-01T00:00:02Z", "c", None, None, None, ""],
]
assert got == wanted, got
assert [type(cell) for cell in got[0][2:5]] == [float, int, bool], got[0]

# Batches go out of a thread of the client; what the server refuses reaches no caller, so it is kept here.
refused = []
with InfluxDBClient(URL, username="root", password="root", org="plant", enable_gzip=True) as client:
    options = WriteOptions(batch_size=700, flush_interval=500, max_retries=0)
    keep = lambda batch, error: refused.append(error)
    with client.write_api(write_options=options, error_callback=keep) as writer:
        for n in range(POINTS):
            writer.write("influx2/autogen", "plant", f"load,host=h{n % 7} n={n}i,half={n / 2} {START * 10**9 + n}")
assert refused == [], refused
got = kwdb.rows(URL, "influx2", "SELECT host, count(*), sum(n), max(half) FROM load GROUP BY host ORDER BY host")
of_host = lambda host: range(host, POINTS, 7)
assert got == [[f"h{host}", len(of_host(host)), sum(of_host(host)), of_host(host)[-1] / 2] for host in range(7)], got
