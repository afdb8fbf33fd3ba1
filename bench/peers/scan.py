"""Asks DuckDB and ClickHouse (chdb) what `bench store` asks, over the rows of its segments.

usage: scan.py SEGMENTS-GLOB SCRATCH-DIRECTORY ROWS HOUR-SECONDS

Each peer loads the rows into a table of its own on disk, sorted as its users would have it, and is
asked as often as our store: once to warm up, then seven times. Prints one line of JSON for each
question: its title and the median in milliseconds by peer.
"""

import json
import statistics
import sys
import time

import chdb.session
import duckdb

GLOB, SCRATCH, ROWS, HOUR = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
FIELDS = [f"f{field}" for field in range(10)]
AVERAGES = ", ".join(f"avg({field})" for field in FIELDS)
RUNS = 7

# What the two spell differently.
DUCKDB = {"instant": "make_timestamp({}::bigint * 1000000)", "last": "arg_max(f0, ts)"}
CLICKHOUSE = {"instant": "toDateTime64({}, 3, 'UTC')", "last": "argMax(f0, ts)"}


def questions(words):
    first, end = (words["instant"].format(seconds) for seconds in (HOUR, HOUR + 3600))
    return {
        "select count(*)": "select count(*) from cpu",
        "average of one field, all rows": "select avg(f0) from cpu",
        "average of every field, all rows": f"select {AVERAGES} from cpu",
        "average of one field by series": "select host, avg(f0) from cpu group by host",
        "one series, one hour, every field":
            f"select * from cpu where host = 'host_7' and ts >= {first} and ts < {end}",
        "last reading of every series": f"select host, {words['last']} from cpu group by host",
    }


def median_milliseconds(ask):
    ask()
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        ask()
        times.append((time.perf_counter() - started) * 1e3)
    return statistics.median(times)


def check(peer, rows):
    if rows != ROWS:
        sys.exit(f"{peer} has {rows} rows in place of {ROWS}")


def duckdb_asker():
    peer = duckdb.connect(f"{SCRATCH}/duckdb")
    peer.execute("set timezone = 'UTC'")
    columns = ", ".join(f"{field}::double as {field}" if is_decimal(peer, field) else field for field in FIELDS)
    peer.execute(
        f"create table cpu as select ts::timestamp as ts, host, {columns} "
        f"from read_parquet('{GLOB}', union_by_name = true) order by host, ts"
    )
    peer.execute("checkpoint")
    check("DuckDB", peer.execute("select count(*) from cpu").fetchone()[0])
    return lambda sql: peer.execute(sql).fetchall()


def is_decimal(peer, field):
    described = peer.execute(f"describe select {field} from read_parquet('{GLOB}', union_by_name = true)").fetchall()
    return described[0][1].startswith("DECIMAL")


def clickhouse_asker():
    peer = chdb.session.Session(f"{SCRATCH}/clickhouse")
    columns = ", ".join(FIELDS)
    peer.query("create database bench engine = Atomic")
    peer.query(
        "create table bench.cpu engine = MergeTree order by (host, ts) as "
        f"select assumeNotNull(ts) as ts, assumeNotNull(host) as host, {columns} from file('{GLOB}', Parquet)"
    )
    peer.query("optimize table bench.cpu final")
    peer.query("use bench")
    check("ClickHouse", int(str(peer.query("select count(*) from cpu", "CSV")).strip()))
    return lambda sql: peer.query(sql, "Native")


def main():
    duck, house = duckdb_asker(), clickhouse_asker()
    spelled = zip(questions(DUCKDB).items(), questions(CLICKHOUSE).values())
    for (title, for_duckdb), for_clickhouse in spelled:
        milliseconds = {
            "DuckDB": median_milliseconds(lambda: duck(for_duckdb)),
            "ClickHouse": median_milliseconds(lambda: house(for_clickhouse)),
        }
        print(json.dumps({"title": title, "milliseconds": milliseconds}), flush=True)


main()
