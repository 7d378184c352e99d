"""Tests of mcp_transport.sources.openapi.document."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from mcp_transport.sources.openapi import document as module
from mcp_transport.sources.openapi.configuration import Configuration
from mcp_transport.sources.openapi.document import Document, fetch
from mcp_transport.sources.openapi.reading import DocumentError
from tests.sources.openapi.documents import PETSTORE, configured
from tests.upstream import Got, Send, Upstream, reply

Load = Callable[[Document], Document]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """What loads a document now, and waits for it."""
    monkeypatch.setattr(module, "FILE_INTERVAL", -1.0)

    def load(document: Document) -> Document:
        document.load_if_due()
        document.wait(30.0)
        return document

    return load


def local(upstream: Upstream, **changes: Any) -> Configuration:
    """The configuration of a document at an API of this machine."""
    given = {"document": f"{upstream.url}/openapi.yaml", "private_hosts": frozenset({"127.0.0.1"})}
    return configured(**{**given, "base_url": None, **changes})


def test_a_file_is_loaded_and_loaded_again_when_it_has_changed(tmp_path: Path, load: Load) -> None:
    path = tmp_path / "pets.yaml"
    shutil.copy(PETSTORE, path)
    document = load(Document(configured(document=path)))
    assert len(document.state.operations) == 7
    first = document.generation
    assert load(document).generation == first
    path.write_text(path.read_text().replace("findPets", "searchPets"))
    assert load(document).generation != first
    assert document.state.operations[0].name == "pets_searchPets"


def test_a_file_that_breaks_keeps_its_tools_and_is_told_of_once(
    tmp_path: Path, load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "pets.yaml"
    shutil.copy(PETSTORE, path)
    document = load(Document(configured(document=path)))
    path.write_text("openapi: [")
    with caplog.at_level(logging.WARNING, "mcp_transport.openapi"):
        document._due_at = 0.0
        load(document)
        document._due_at = 0.0
        load(document)
    assert len(document.state.operations) == 7
    assert document.state.problem.startswith("it is no YAML")
    (record,) = caplog.records
    assert "it keeps the tools that it had" in record.getMessage()
    shutil.copy(PETSTORE, path)
    document._due_at = 0.0
    assert load(document).state.problem == ""


def test_a_file_that_stays_broken_is_not_read_again(
    tmp_path: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pets.yaml"
    path.write_text("openapi: [")
    document = load(Document(configured(document=path)))
    monkeypatch.setattr(module, "parse", lambda _data: 1 // 0)
    document._due_at = 0.0
    assert load(document).state.problem.startswith("it is no YAML")


def test_a_file_that_is_away_offers_nothing(
    tmp_path: Path, load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    document = load(Document(configured(document=tmp_path / "none.yaml")))
    assert document.state.operations == ()
    assert document.state.problem == "its file cannot be read (No such file or directory)"
    assert "it offers nothing" in caplog.text


def test_a_document_that_nobody_foresaw_is_a_state_too(
    load: Load, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "build", lambda *_: 1 // 0)
    document = load(Document(configured(document=PETSTORE)))
    assert document.state.problem == "it could not be read; the log has the details"
    assert "ZeroDivisionError" in caplog.text


def test_what_is_left_out_is_told_of(
    tmp_path: Path, load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"openapi": "3.1.0", "paths": {"/a/{b}": {"get": {}}}}')
    document = load(Document(configured(document=path)))
    assert [item.place for item in document.state.left_out] == ["GET /a/{b}"]
    assert "1 of its operations are no tools" in caplog.text


async def test_a_document_is_fetched_with_its_credentials(upstream: Upstream) -> None:
    async def act(_got: Got, send: Send) -> None:
        await reply(send, PETSTORE.read_bytes(), content_type="application/yaml")

    upstream.act = act
    assert await fetch(local(upstream, auth={"bearer": "s3cret"})) == PETSTORE.read_bytes()
    assert upstream.got[0].headers["authorization"] == "Bearer s3cret"


async def test_credentials_do_not_go_to_where_only_the_document_is(upstream: Upstream) -> None:
    setting = local(upstream, auth={"bearer": "s3cret"}, base_url="https://pets.example")
    await fetch(setting)
    assert "authorization" not in upstream.got[0].headers


async def test_a_document_is_loaded_in_a_thread(upstream: Upstream, load: Load) -> None:
    async def act(_got: Got, send: Send) -> None:
        await reply(send, {"openapi": "3.1.0", "paths": {"/a": {"get": {}}}})

    upstream.act = act
    document = await sync_to_async(load)(Document(local(upstream)))
    assert [(o.name, o.base) for o in document.state.operations] == [("pets_get__a", upstream.url)]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"status": 404}, "answers 404"),
        ({"status": 302, "location": "https://evil.example"}, "answers 302"),
        ({"content_encoding": "br"}, "compressed in a way"),
        ({"body": bytes(10 * 2**20 + 1)}, "more than 10 MiB"),
    ],
)
async def test_an_address_that_has_no_document_is_told(
    upstream: Upstream, answer: dict[str, Any], says: str
) -> None:
    async def act(_got: Got, send: Send) -> None:
        await reply(send, **answer)

    upstream.act = act
    with pytest.raises(DocumentError, match=says):
        await fetch(local(upstream))


async def test_an_address_that_cannot_be_asked_is_told(upstream: Upstream) -> None:
    with pytest.raises(DocumentError, match="no public address"):
        await fetch(local(upstream, private_hosts=frozenset()))
    with pytest.raises(DocumentError, match="cannot be fetched"):
        await fetch(local(Upstream(port=1), timeout=3.0))


async def test_an_address_that_does_not_answer_is_told(upstream: Upstream) -> None:
    async def act(_got: Got, send: Send) -> None:
        await asyncio.Event().wait()

    upstream.act = act
    with pytest.raises(DocumentError, match=r"within 0\.1 seconds"):
        await fetch(local(upstream, timeout=0.1))
