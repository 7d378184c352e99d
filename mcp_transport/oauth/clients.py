"""
Clients that an operator did not register: what they say of themselves, and what is kept.

Whatever they say is only shown to the user who decides. What they register is
of no use at the other endpoints of ``oauth2_provider``, should the site have
them: its kind of grant is none that those know, and nobody has its secret.
"""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from oauth2_provider.models import get_application_model

from mcp_transport.oauth import redirects
from mcp_transport.oauth.models import Registration

SELF_REGISTERED = "mcp"  # in place of a grant type
UNMATCHED = "pbkdf2_sha256$1$none$"  # what looks like a hash, and is none of any secret
PER_HOUR = 40  # registrations from one address
HOUR = timedelta(hours=1)
MOST_UNUSED = 5000  # that wait to be let in by somebody
TIME_TO_BE_LET_IN = timedelta(minutes=15)  # before one makes room for another
LONGEST_NAME = 100
NAMELESS = "A client without a name"


class BadMetadata(Exception):
    """What a client says of itself is refused; the words are for its author."""

    def __init__(self, description: str, *, error: str = "invalid_client_metadata") -> None:
        super().__init__(description)
        self.error = error


class TooMany(Exception):
    """There were as many registrations as there may be for now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A client as it describes itself."""

    name: str
    redirect_uris: tuple[str, ...]


def described(metadata: object) -> Described:
    """Read what a client says of itself (RFC 7591, section 2). Raises BadMetadata."""
    if not isinstance(metadata, Mapping):
        raise BadMetadata("A client is described by a JSON object.")
    uris = metadata.get("redirect_uris")
    if not isinstance(uris, list) or not uris or not all(isinstance(uri, str) for uri in uris):
        raise BadMetadata("redirect_uris is a list of URIs.", error="invalid_redirect_uri")
    if len(uris) > redirects.MOST:
        raise BadMetadata(
            f"redirect_uris has more than {redirects.MOST} URIs.", error="invalid_redirect_uri"
        )
    for uri in uris:
        if problem := redirects.problem(uri):
            raise BadMetadata(f"A redirect URI {problem}.", error="invalid_redirect_uri")
    _require(metadata, "grant_types", "authorization_code")
    _require(metadata, "response_types", "code")
    name = metadata.get("client_name", "")
    return Described(name=plain_name(name), redirect_uris=tuple(dict.fromkeys(uris)))


def plain_name(name: object) -> str:
    """A name without what would make it look like something else; cut to a length."""
    if not isinstance(name, str):
        raise BadMetadata("client_name is a text.")
    # Controls and formats: line ends, and what turns the direction of what follows.
    shown = "".join(c for c in name if unicodedata.category(c)[0] not in "CZ" or c == " ")
    return " ".join(shown.split())[:LONGEST_NAME] or NAMELESS


def register(client: Described, address: str) -> Any:
    """Keep a client that registers itself. Raises TooMany."""
    Registration.objects.sweep()
    _throttle(address)
    with transaction.atomic():
        row = _row(client, secrets.token_urlsafe(16))
        row.registration_source = row.RegistrationSource.DCR
        row.save(force_insert=True)
        Registration.objects.create(client=row, address=address)
    return row


def keep_document(client_id: str, client: Described, address: str, *, seconds: float) -> Any:
    """
    Keep a client whose id is the address of what it says of itself.

    None when an operator has registered a client of that id. Raises TooMany.
    """
    until = timezone.now() + timedelta(seconds=seconds)
    model = get_application_model()
    known = model.objects.filter(client_id=client_id).first()
    if known is None:
        known = _first_kept(client_id, client, address)
    registration = Registration.objects.filter(client=known).first()
    if registration is None:
        return None
    with transaction.atomic():
        known.name, known.redirect_uris = client.name, " ".join(client.redirect_uris)
        known.save(update_fields=["name", "redirect_uris", "updated"])
        Registration.objects.filter(pk=registration.pk).update(document_expires_at=until)
    return known


def _first_kept(client_id: str, client: Described, address: str) -> Any:
    Registration.objects.sweep()
    _throttle(address)
    row = _row(client, client_id)
    row.registration_source = row.RegistrationSource.CIMD
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            Registration.objects.create(client=row, address=address)
    except IntegrityError:  # somebody else has just kept it
        return get_application_model().objects.get(client_id=client_id)
    return row


def _row(client: Described, client_id: str) -> Any:
    model = get_application_model()
    return model(
        client_id=client_id,
        name=client.name,
        redirect_uris=" ".join(client.redirect_uris),
        client_type=model.CLIENT_PUBLIC,
        authorization_grant_type=SELF_REGISTERED,
        # Made without hashing one for each who registers.
        client_secret=UNMATCHED + secrets.token_urlsafe(32),
        hash_client_secret=False,
    )


def _throttle(address: str) -> None:
    lately = Registration.objects.filter(created_at__gt=timezone.now() - HOUR)
    if lately.filter(address=address)[:PER_HOUR].count() >= PER_HOUR:
        raise TooMany
    is_full = Registration.objects.unused()[:MOST_UNUSED].count() >= MOST_UNUSED
    # Whoever floods this from many addresses keeps nobody out for longer.
    if is_full and not Registration.objects.sweep(TIME_TO_BE_LET_IN):
        raise TooMany


def _require(metadata: Mapping[str, Any], name: str, needed: str) -> None:
    given = metadata.get(name, [needed])
    if not isinstance(given, list) or needed not in given:
        raise BadMetadata(f"{name} is a list in which {needed!r} is.")
