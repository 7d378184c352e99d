"""Tests of mcp_transport.oauth.documents, with documents that a real server has."""

from __future__ import annotations

import gzip
import json
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.cache import cache
from django.utils import timezone
from oauth2_provider.models import get_application_model

from mcp_transport.models import Server
from mcp_transport.oauth import documents
from mcp_transport.oauth.documents import MOST_BYTES, NoDocument, fetch, is_address
from mcp_transport.oauth.models import Registration
from mcp_transport.outgoing.network import GuardedTransport
from tests.fleet import certificate
from tests.oauth.signing_in import REDIRECT, SigningIn, logged_in
from tests.upstream import Got, Send, reply, running

pytestmark = pytest.mark.django_db(transaction=True)


class Host:
    """Where a client has its document."""

    def __init__(self) -> None:
        self.asked = 0
        self.changed: dict[str, Any] = {}
        self.answer: dict[str, Any] = {}
        self.body: bytes | None = None
        self.url = ""

    async def __call__(self, got: Got, send: Send) -> None:
        """Answer with the document."""
        self.asked += 1
        said = {"client_id": self.url, "client_name": "A known client", "redirect_uris": [REDIRECT]}
        body = json.dumps({**said, **self.changed}).encode() if self.body is None else self.body
        await reply(send, body, **self.answer)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate.make(tmp_path_factory.mktemp("tls"))


@pytest.fixture
async def host(
    authority: tuple[Path, Path], settings: Any, monkeypatch: Any, shop: Server
) -> AsyncIterator[Host]:
    """One on this machine, whose certificate is trusted, and which is named as private."""
    cache.clear()
    found = Host()
    settings.MCP_OAUTH_PRIVATE_HOSTS = ["localhost"]

    def transport() -> GuardedTransport:
        return GuardedTransport(settings.MCP_OAUTH_PRIVATE_HOSTS, ca_file=authority[0])

    monkeypatch.setattr(documents, "transport", transport)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*authority)
    async with running(tls=tls) as upstream:
        upstream.act = found
        found.url = f"https://localhost:{upstream.port}/client.json"
        yield found
    cache.clear()


@pytest.fixture
def signing_in(host: Host, owner: User) -> SigningIn:
    return SigningIn(host.url, browser=logged_in(owner))


ask = sync_to_async(SigningIn.ask)


async def test_a_client_is_known_by_its_document(host: Host, signing_in: SigningIn) -> None:
    page = (await ask(signing_in)).content.decode()
    assert "A known client" in page
    assert "<code>localhost</code>" in page
    assert await sync_to_async(signing_in.tokens)()
    assert host.asked == 1  # it is kept


async def test_nothing_is_fetched_for_who_has_not_logged_in(
    host: Host, signing_in: SigningIn
) -> None:
    await sync_to_async(signing_in.browser.logout)()
    assert (await ask(signing_in)).status_code == 302
    redeem = sync_to_async(signing_in.redeem)
    assert (await redeem("x")).status_code in (400, 401)
    assert host.asked == 0


async def test_a_document_is_fetched_again_when_it_is_old(
    host: Host, signing_in: SigningIn
) -> None:
    await ask(signing_in)
    await Registration.objects.aupdate(document_expires_at=timezone.now() - timedelta(seconds=1))
    host.changed = {"client_name": "Another name"}
    assert b"Another name" in (await ask(signing_in)).content
    assert host.asked == 2


async def test_the_last_good_document_stays_while_there_is_none(
    host: Host, signing_in: SigningIn
) -> None:
    await ask(signing_in)
    await Registration.objects.aupdate(document_expires_at=timezone.now() - timedelta(seconds=1))
    host.answer = {"status": 500}
    assert b"A known client" in (await ask(signing_in)).content
    assert b"A known client" in (await ask(signing_in)).content
    assert host.asked == 2  # one that failed is left alone for a while


@pytest.mark.parametrize(
    ("changed", "answer", "body"),
    [
        ({"client_id": "https://other.example/"}, {}, None),
        ({"redirect_uris": ["http://evil.example/"]}, {}, None),
        ({"token_endpoint_auth_method": "client_secret_basic"}, {}, None),
        ({"client_secret": "x"}, {}, None),
        ({}, {"status": 302, "location": "https://localhost/"}, None),
        ({}, {"content_type": "text/html"}, None),
        ({}, {}, b"[]"),
        ({}, {}, b"["),
        ({}, {}, b" " * (MOST_BYTES + 1)),
        ({}, {"content_encoding": "gzip"}, gzip.compress(b" " * 10_000_000, mtime=0)),
        ({}, {"content_encoding": "br"}, b"{}"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_document_that_is_not_right_makes_nobody_known(
    host: Host, signing_in: SigningIn, changed: Any, answer: Any, body: bytes | None
) -> None:
    host.changed, host.answer, host.body = changed, answer, body
    assert (await ask(signing_in)).status_code == 400
    assert not await get_application_model().objects.aexists()


async def test_a_document_takes_the_place_of_no_client_of_an_operators(
    host: Host, signing_in: SigningIn
) -> None:
    model = get_application_model()
    await model.objects.acreate(
        client_id=host.url, name="Ours", redirect_uris=REDIRECT, client_type=model.CLIENT_PUBLIC,
        authorization_grant_type=model.GRANT_AUTHORIZATION_CODE,
    )  # fmt: skip
    assert b"Ours" in (await ask(signing_in)).content
    assert host.asked == 0


async def test_addresses_that_are_not_public_are_not_asked(host: Host, settings: Any) -> None:
    settings.MCP_OAUTH_PRIVATE_HOSTS = []
    port = host.url.rpartition(":")[2]
    for name in ("localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0"):
        with pytest.raises(NoDocument):
            await fetch(f"https://{name}:{port}")
    assert host.asked == 0


@pytest.mark.parametrize(
    "client_id",
    [
        "http://a.example/client.json",
        "https://a.example",
        "https://user@a.example/c",
        "https://a.example/c#part",
        "https://a.example/../c",
        "https://a.example/c d",
        "https://a.example:99999/c",
        "https://a.example/" + "x" * 300,
        "kShCo43TFJHCaecsIX4xKw",
    ],
)
def test_an_id_that_is_no_address_is_not_fetched(client_id: str) -> None:
    assert not is_address(client_id)


def test_a_site_names_the_hosts_whose_documents_it_takes(settings: Any) -> None:
    settings.MCP_OAUTH_CLIENT_HOSTS = ["claude.ai"]
    assert is_address("https://claude.ai/oauth/claude-code-client-metadata")
    assert not is_address("https://a.example/client.json")
    settings.MCP_OAUTH_CLIENT_HOSTS = ()
    assert not is_address("https://claude.ai/client.json")
