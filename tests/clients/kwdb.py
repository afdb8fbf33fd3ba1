"""The KWDB door with nothing but the standard library."""

import base64
import json
import urllib.request

ROOT = "Basic " + base64.b64encode(b"root:kwdbpassword").decode()


def rows(url, database, query):
    """The rows of a query; whole numbers stay int."""
    return answer(url, "query", database, query)["data"]


def define(url, database, statement):
    """A CREATE, ALTER or DROP."""
    answer(url, "ddl", database, statement)


def answer(url, endpoint, database, statement):
    """What the server says when it did as asked."""
    request = urllib.request.Request(
        f"{url}/restapi/{endpoint}?db={database}", statement.encode(), {"Authorization": ROOT, "Content-Type": "text/plain"}
    )
    with urllib.request.urlopen(request, timeout=30) as reply:
        body = json.load(reply)
    assert body["code"] == 0, f"{statement}: {body}"
    return body
