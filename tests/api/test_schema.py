"""Tests of mcp_transport.api.schema."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

from django.contrib.staticfiles import finders
from django.core.management import call_command
from rest_framework.test import APIClient


def test_the_document_is_made_without_a_warning(tmp_path: Path) -> None:
    target = tmp_path / "schema.yaml"
    call_command(
        "spectacular", file=str(target), validate=True, fail_on_warn=True, stderr=StringIO()
    )
    assert "/api/servers/{slug}/entries/{kind}/{name}/" in target.read_text()


def test_the_document_describes_every_view_of_the_api(root: APIClient) -> None:
    answer = root.get("/api/schema/", {"format": "json"})
    document = answer.json()
    assert document["info"]["title"] == "MCP operators' API"
    assert {"get", "post"} <= document["paths"]["/api/servers/"].keys()
    assert "operatorToken" in document["components"]["securitySchemes"]
    for place in ("actions", "calls", "chains", "servers", "sessions", "texts", "tokens"):
        assert f"/api/{place}/" in document["paths"]


def test_only_operators_are_shown_the_document_and_its_page(db: None) -> None:
    for address in ("/api/", "/api/schema/", "/api/docs/"):
        assert APIClient().get(address).status_code == 401


def test_the_page_runs_nothing_inline_and_loads_nothing_from_elsewhere(root: APIClient) -> None:
    answer = root.get("/api/docs/")
    page = answer.content.decode()
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", page)
    assert not re.search(r"(src|href)=\"(https?:)?//", page)
    for address in re.findall(r'(?:src|href)="/static/([^"]+)"', page):
        assert finders.find(address), address


def test_the_root_names_what_there_is(root: APIClient) -> None:
    assert {"servers", "sessions", "calls", "tokens"} <= root.get("/api/").json().keys()


def test_the_api_can_be_browsed(root: APIClient, server: object) -> None:
    for address in ("/api/", "/api/servers/", "/api/servers/main/", "/api/calls/", "/api/tokens/"):
        answer = root.get(address, headers={"accept": "text/html"})
        assert (answer.status_code, answer.headers["Content-Type"][:9]) == (200, "text/html"), (
            address
        )
