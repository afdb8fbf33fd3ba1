"""`ping()` of the 1.x client `influxdb`, which takes 204 alone: at a server whose `/ping` is not IoTDB's."""

import sys
from urllib.parse import urlsplit

from influxdb import InfluxDBClient

URL = urlsplit(sys.argv[1])
client = InfluxDBClient(URL.hostname, URL.port, "root", "root")
version = client.ping()
assert version.startswith("1."), version
