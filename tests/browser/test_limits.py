"""What every page of the admin keeps, without a browser: queries, weight, permissions, templates."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mcp_transport.audit.rollups import catch_up
from tests.browser.pages import PAGES, Shown
from tests.browser.seed import HOSTILE, add_calls, fill, keys
from tests.process import PROJECT

PACKAGE = PROJECT / "mcp_transport"
TEMPLATES = sorted((PACKAGE / "templates").rglob("*.html"))
STATIC = PACKAGE / "static" / "mcp_transport"
SIGN_IN = 2  # queries that find out who reads
FRAGMENT_QUERIES, UNCHANGED_QUERIES = 4, 2  # of a live part, beside those
OPEN_PAGES, REQUESTS_PER_SECOND = 100, 10
KILOBYTE = 1024
INLINE = re.compile(
    r"<script(?![^>]*\ssrc=)|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|<style|javascript:", re.IGNORECASE
)

Paths = Callable[[str], str]


@pytest.fixture
def path(db: None) -> Paths:
    """A used site; paths with the keys of its rows."""
    fill(calls=10)
    found: dict[str, Any] = keys()
    return lambda text: text.format(**found)


def login(username: str) -> Client:
    """Somebody's browser."""
    client = Client()
    client.force_login(User.objects.get(username=username))
    return client


def queries(client: Client, address: str, **headers: str) -> int:
    """How many queries a request takes."""
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address, headers=headers).status_code in {200, 304}
    return len(captured)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_a_script_a_style_or_a_handler(template: Path) -> None:
    assert INLINE.findall(template.read_text(encoding="utf-8")) == []


def test_every_page_takes_as_many_queries_however_much_there_is(path: Paths) -> None:
    # All pages in one test: the many rows take longer to make than every page to count.
    root = login("root")
    for page in PAGES:
        root.get(path(page.path))  # what a process reads once
    few = {page.name: queries(root, path(page.path)) for page in PAGES}
    add_calls(10_000, servers=["shop", "invoices"], worker="more")
    catch_up("test")
    assert {page.name: queries(root, path(page.path)) for page in PAGES} == few
    assert [page.name for page in PAGES if few[page.name] > page.queries] == []


def scans(sql: str) -> list[str]:
    """The steps of a query's plan that read the whole record of calls."""
    is_postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        if is_postgresql:  # a small table is scanned if nothing forbids it
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"{'EXPLAIN' if is_postgresql else 'EXPLAIN QUERY PLAN'} {sql}")
        steps = [str(row[-1]) for row in cursor.fetchall()]
    whole = "Seq Scan on mcp_transport_call" if is_postgresql else "SCAN mcp_transport_call"
    return [step for step in steps if whole in step and " USING " not in step]


def test_no_page_reads_the_whole_record_of_calls(path: Paths, page: Shown) -> None:
    root = login("root")
    for address in map(path, (page.path, *page.fragments, *page.long)):
        with CaptureQueriesContext(connection) as captured:
            root.get(address)
        asked = [query["sql"] for query in captured if "mcp_transport_call" in query["sql"]]
        assert [step for sql in asked for step in scans(sql)] == []


def test_a_live_part_takes_few_queries_and_fewer_when_nothing_changed(
    path: Paths, page: Shown
) -> None:
    root = login("root")
    with time_machine.travel(timezone.now(), tick=False):  # ages are told in minutes
        for address in map(path, page.fragments):
            assert queries(root, address) - SIGN_IN <= FRAGMENT_QUERIES
            tag = root.get(address).headers["ETag"]
            answer = root.get(address, headers={"If-None-Match": tag})
            assert (answer.status_code, answer.content) == (304, b"")
            assert queries(root, address, **{"If-None-Match": tag}) - SIGN_IN <= UNCHANGED_QUERIES


def test_a_hundred_open_pages_ask_seldom_enough(path: Paths, page: Shown) -> None:
    text = login("root").get(path(page.path)).content.decode()
    paces = [int(every) for every in re.findall(r'data-every="(\d+)"', text)]
    assert len(paces) == len(page.fragments)
    assert sum(OPEN_PAGES / pace for pace in paces) <= REQUESTS_PER_SECOND


def test_a_page_is_light(path: Paths, page: Shown) -> None:
    assert len(login("root").get(path(page.path)).content) <= 150 * KILOBYTE


def test_the_script_and_the_styles_are_light() -> None:
    script, styles = (
        sum(len(gzip.compress(file.read_bytes(), 9)) for file in STATIC.glob(f"*.{kind}"))
        for kind in ("js", "css")
    )
    assert script <= 10 * KILOBYTE
    assert styles <= 8 * KILOBYTE


def test_a_page_and_its_parts_are_for_those_who_may_view_it(path: Paths, page: Shown) -> None:
    permitted = User.objects.create_user("permitted", is_staff=True)
    names = page.permission.split()
    permitted.user_permissions.set(Permission.objects.filter(codename__in=names))
    for address in map(path, (page.path, *page.fragments)):
        assert Client().get(address).status_code == 302
        assert login("clerk").get(address).status_code == 403
        may_view = 200 if page.permission.startswith("view_") else 403
        assert login("viewer").get(address).status_code == may_view
        assert login("permitted").get(address).status_code == 200
        assert login("root").get(address).status_code == 200


def test_names_from_outside_are_escaped_in_a_page_and_its_parts(path: Paths, page: Shown) -> None:
    for address in map(path, (page.path, *page.fragments)):
        assert HOSTILE not in login("root").get(address).content.decode()
