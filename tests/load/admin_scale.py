"""
How fast the admin's pages are when there is a million calls.

    python -m tests.load.admin_scale --calls 1000000
    python -m tests.load.admin_scale --calls 1000000 --database postgresql

Every page of ``tests/browser/pages.py``, its live parts and its ``long`` addresses are asked
for as a superuser, by Django's test client: the time is the server's own. Exits
with 1 if 95 of 100 answers of one took longer than the limit, or if a query of one
reads the whole record.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster import running_cluster
from tests.process import PROJECT, Folder

if TYPE_CHECKING:
    from django.test import Client

LIMITS = {"sqlite": 0.4, "postgresql": 0.2}  # seconds
SPAN = timedelta(days=7)
BATCH = 10_000
WHOLE = ("Seq Scan on mcp_transport_call", "SCAN mcp_transport_call")  # steps that read every row
MEASURE = """
from tests.load.admin_scale import fill, measure, plan
fill({calls})
plan()
measure({requests})
"""


def fill(calls: int) -> None:
    """Make a used site with so many calls in a week, all summed up."""
    from mcp_transport.audit.rollups import DISORDER, catch_up
    from mcp_transport.audit.words import step
    from mcp_transport.models import Call, SearchProgress
    from tests.browser import seed

    seed.fill(calls=10)
    rows = seed.made_calls(calls, ["shop", "invoices"], SPAN, "scale")
    while batch := list(islice(rows, BATCH)):
        Call.objects.bulk_create(batch, batch_size=500)
    catch_up("scale")
    later = datetime.now(UTC) + DISORDER
    while step(later, budget=60) or SearchProgress.objects.get().settled_id == 0:
        later += DISORDER


def measure(requests: int) -> dict[str, float]:
    """Print, and return, the 95th percentile of each address in seconds."""
    client, addresses = prepared()
    found = {address: percentile(client, path, requests) for address, path in addresses.items()}
    sys.stdout.write(json.dumps(found) + "\n")
    return found


def prepared() -> tuple[Client, dict[str, str]]:
    """A superuser's browser, and every address with its path in this site."""
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client

    from tests.browser.pages import PAGES
    from tests.browser.seed import keys

    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    connection.ensure_connection()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    known, client = keys(), Client()
    client.force_login(User.objects.get(username="root"))
    named = [name for page in PAGES for name in (page.path, *page.fragments, *page.long)]
    return client, {name: name.format(**known) for name in named}


def percentile(client: Client, address: str, requests: int) -> float:
    """The time within which 95 of 100 answers came, after one that warmed up."""
    times = []
    for _ in range(requests + 1):
        begun = time.perf_counter()
        assert client.get(address).status_code == 200, address
        times.append(time.perf_counter() - begun)
    return sorted(times[1:])[min(requests - 1, round(0.95 * requests))]


def plan() -> None:
    """Fail if the database would read the whole record for a query of any address."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client, addresses = prepared()
    explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    for address, path in addresses.items():
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        for sql in (query["sql"] for query in captured if '"mcp_transport_call"' in query["sql"]):
            with connection.cursor() as cursor:
                cursor.execute(f"{explain} {sql}")
                steps = [str(row[-1]) for row in cursor.fetchall()]
            whole = [step for step in steps if any(name in step for name in WHOLE)]
            assert whole == [], f"{address}: {whole} for {sql}"


def run(calls: int, requests: int, database: str) -> dict[str, float]:
    """Measure in a site of its own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = ""
        if database == "postgresql":
            url = stack.enter_context(running_cluster()).url
        site = Folder(folder, url)
        site.manage("migrate", "--verbosity", "0")
        code = MEASURE.format(calls=calls, requests=requests)
        command = [sys.executable, "manage.py", "shell", "--verbosity", "0", "-c", code]
        done = subprocess.run(
            command, cwd=PROJECT, env=os.environ | site.environment, stdout=subprocess.PIPE
        )
        assert done.returncode == 0
        found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return found


def main(arguments: list[str]) -> int:
    """Print each address with its time; the exit status."""
    parser = argparse.ArgumentParser(prog="admin_scale")
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=20)
    parser.add_argument("--database", choices=LIMITS, default="sqlite")
    wanted = parser.parse_args(arguments)
    limit = LIMITS[wanted.database]
    found = run(wanted.calls, wanted.requests, wanted.database)
    for address, seconds in found.items():
        slow = "too slow " if seconds > limit else ""
        sys.stdout.write(f"{1000 * seconds:7.0f} ms {slow}{address}\n")
    return 1 if any(seconds > limit for seconds in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
