"""
Clients whose id is the address of a document about them (Client ID Metadata Documents).

A document is only fetched for somebody who has logged in: whoever has not
cannot make the site open connections. It comes from a public address, over
TLS, without redirects, small and soon, or it is not taken.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
from asgiref.sync import async_to_sync
from django.core.cache import cache
from django.utils import timezone

from mcp_transport.conf import settings
from mcp_transport.models.token_value import digest
from mcp_transport.oauth.clients import BadMetadata, described, keep_document
from mcp_transport.oauth.models import Registration
from mcp_transport.oauth.validator import LONGEST_CLIENT_ID, client_of
from mcp_transport.outgoing.exchanging import Answer, TooLarge, Undecodable, exchange
from mcp_transport.outgoing.network import GuardedTransport, Refused

logger = logging.getLogger(__name__)

PLAIN_URL = re.compile(r"https://[A-Za-z0-9.\-\[\]:]+/[A-Za-z0-9\-._~:/?@!$&'()*+,;=%]*")
LIMIT = 5.0  # seconds for all of it
MOST_BYTES = 16 * 1024
SHORTEST, LONGEST = 300.0, 86_400.0  # seconds for which it is kept
BACKOFF = 60  # seconds without another look at one that failed
MAX_AGE = re.compile(r"max-age\s*=\s*(\d{1,9})", re.IGNORECASE)
FAILURES = (
    httpx.TransportError, httpx.InvalidURL, TimeoutError, Undecodable, Refused, ValueError,
    RecursionError,
)  # fmt: skip


class NoDocument(Exception):
    """There is none that can be taken; the words are for the log."""


def is_address(client_id: str) -> bool:
    """Whether an id is the address of a document that may be fetched."""
    if len(client_id) > LONGEST_CLIENT_ID or not PLAIN_URL.fullmatch(client_id):
        return False
    try:
        parts = urlsplit(client_id)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return False
    hosts = settings.MCP_OAUTH_CLIENT_HOSTS
    is_allowed = hosts is None or host in hosts
    return "@" not in parts.netloc and is_allowed and not {".", ".."} & set(parts.path.split("/"))


def refresh(client_id: str, address: str) -> None:
    """
    Have what the client says of itself as it says it now, if it can be had.

    What was fetched before stays when it cannot. Raises TooMany.
    """
    if not is_address(client_id) or _is_fresh(client_id):
        return
    name = f"mcp_oauth:{digest(client_id)}"
    if not cache.add(name, True, BACKOFF):
        return
    try:
        metadata, seconds = async_to_sync(fetch)(client_id)
        keep_document(client_id, _checked(client_id, metadata), address, seconds=seconds)
    except (NoDocument, BadMetadata) as error:
        logger.info("The document of the client %r was not taken: %s", client_id, error)
    else:
        cache.delete(name)


def _is_fresh(client_id: str) -> bool:
    client = client_of(client_id)
    if client is None:
        return False
    registration = Registration.objects.filter(client=client).first()
    if registration is None or registration.document_expires_at is None:
        return registration is None  # an operator's own is never fetched
    return bool(timezone.now() < registration.document_expires_at)


def _checked(client_id: str, metadata: Any) -> Any:
    if not isinstance(metadata, dict) or metadata.get("client_id") != client_id:
        raise NoDocument("it names another client_id")
    if metadata.get("token_endpoint_auth_method", "none") != "none":
        raise NoDocument("it asks for a way to authenticate other than none")
    if "client_secret" in metadata:
        raise NoDocument("it has a secret in it")
    return described(metadata)


async def fetch(url: str) -> tuple[Any, float]:
    """A document, and for how many seconds it may be kept. Raises NoDocument."""
    request = httpx.Request("GET", url, headers={"Accept": "application/json"})
    way = transport()
    try:
        answer = await exchange(way, request, within=LIMIT, limit=MOST_BYTES)
        return _json(answer), _age(answer.cache_control)
    except TooLarge:
        raise NoDocument(f"it is larger than {MOST_BYTES} bytes") from None
    except FAILURES as error:
        raise NoDocument(str(error) or type(error).__name__) from error
    finally:
        await way.aclose()


def transport() -> GuardedTransport:
    """The way to documents: public addresses, and the hosts that are named as private."""
    return GuardedTransport(settings.MCP_OAUTH_PRIVATE_HOSTS)


def _json(answer: Answer) -> Any:
    kind = answer.content_type.partition(";")[0].strip().lower()
    if answer.status != 200:
        raise NoDocument(f"the answer is {answer.status}")
    if kind != "application/json" and not re.fullmatch(r"application/[\w.-]+\+json", kind):
        raise NoDocument("it is not JSON")
    return json.loads(answer.body)


def _age(cache_control: str) -> float:
    if "no-store" in cache_control.lower() or "no-cache" in cache_control.lower():
        return SHORTEST
    found = MAX_AGE.search(cache_control)
    seconds = float(found.group(1)) if found else LONGEST
    return timedelta(seconds=max(SHORTEST, min(LONGEST, seconds))).total_seconds()
