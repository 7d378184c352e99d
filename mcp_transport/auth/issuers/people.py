"""
Which user of the site an account of an issuer is.

By issuer and subject alone. Whoever is linked to nobody is let in only where
the setting says so, as a user made for them.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.utils.module_loading import import_string

from mcp_transport.auth.errors import REFUSAL, InvalidToken, NotPermitted
from mcp_transport.auth.issuers.claims import Account
from mcp_transport.auth.issuers.configuration import CREATE
from mcp_transport.auth.principal import Principal, principal_of
from mcp_transport.auth.resources import DEFAULT
from mcp_transport.models import Identity, Server
from mcp_transport.storage.readings import Parameter, Reading

Hook = Callable[[str, Mapping[str, Any]], Any]

NOT_LINKED = (
    "The account {subject!r} of {issuer} is no user of this site. An operator of the site can link"
    " it to one: in the admin, under MCP, Identities."
)
DIGEST_LENGTH = 16  # characters of what makes a name or a key, where nobody reads it

_NAMED = {"issuer": Parameter("issuer"), "subject": Parameter("subject")}
#: Read once a second for each token that is in use.
IDENTITIES = Reading(lambda: Identity.objects.filter(**_NAMED))
USERS = Reading(
    lambda: get_user_model()._base_manager.filter(
        mcp_identities__issuer=_NAMED["issuer"], mcp_identities__subject=_NAMED["subject"]
    )
)
BY_SLUG = Reading(
    lambda: Server.objects.filter(is_enabled=True, slug=Parameter("slug")).values_list("pk")
)
THE_DEFAULT = Reading(
    lambda: Server.objects.filter(is_enabled=True, is_default=True).values_list("pk")
)


class Unknown(Exception):
    """Something has to be written down before the account can be presented."""


def present_account(account: Account) -> Principal:
    """
    The user whom an account is linked to, as its token presents them; only reads.

    Raises InvalidToken, and Unknown for one that admit() has to look at first.
    """
    names = {"issuer": account.issuer.url, "subject": account.subject}
    identities, users = IDENTITIES.instances(**names), USERS.instances(**names)
    if not identities or not users or is_moved(identities[0], account):
        raise Unknown
    user = users[0]
    server_ids = frozenset(pk for slug in account.slugs for (pk,) in _servers(slug))
    if not user.is_active or not server_ids:
        raise InvalidToken(REFUSAL)
    identity = identities[0]
    return principal_of(
        user,
        key=f"user:{user.pk}/identity:{identity.pk}/client:{_digest(account.client)}",
        identity_id=identity.pk,
        scopes=account.scopes,
        server_ids=server_ids,
        expires_at=account.expires_at,
    )


def is_moved(identity: Identity, account: Account) -> bool:
    """Whether the token knows more of the user's groups than any before it."""
    if account.groups is None or not account.issuer.groups:
        return False
    return identity.groups_at is None or identity.groups_at < _issued_at(account)


def admit(account: Account) -> None:
    """
    Make the account known, if the setting lets it in, and put its user into their groups.

    Raises NotPermitted for one that is linked to nobody.
    """
    names = {"issuer": account.issuer.url, "subject": account.subject}
    identity = Identity.objects.presented(**names)
    if identity is None:
        try:
            with transaction.atomic():  # a user who was made goes, if somebody else was quicker
                identity = Identity.objects.create(**names, user=_new_user(account))
        except IntegrityError:
            identity = Identity.objects.get(**names)
    with transaction.atomic():
        # Locked: of two tokens the newer one has the last word.
        locked = Identity.objects.select_for_update().get(pk=identity.pk)
        if is_moved(locked, account):
            _put_into_groups(locked.user, account)
            Identity.objects.filter(pk=locked.pk).update(groups_at=_issued_at(account))


def _new_user(account: Account) -> Any:
    issuer = account.issuer
    user = None
    if issuer.user_hook:
        hook: Hook = import_string(issuer.user_hook)
        user = hook(issuer.url, account.claims)
    elif issuer.users == CREATE:
        user = _created()
    if user is None:
        raise NotPermitted(NOT_LINKED.format(subject=account.subject, issuer=issuer.url))
    return user


def _created() -> Any:
    """
    A user of a name that nobody could foresee.

    One that could be might be somebody's already, who waits for the account to come.
    """
    model: Any = get_user_model()
    user = model(**{model.USERNAME_FIELD: f"mcp-{secrets.token_hex(8)}"})
    user.set_unusable_password()
    user.save()
    return user


def _put_into_groups(user: Any, account: Account) -> None:
    """Of the groups that the setting names, the user is in those that the token names."""
    given = account.issuer.groups
    named = {given[name] for name in account.groups or () if name in given}
    user.groups.add(*Group.objects.filter(name__in=named))
    user.groups.remove(*Group.objects.filter(name__in=set(given.values()) - named))


def _issued_at(account: Account) -> datetime:
    return datetime.fromtimestamp(account.issued_at, UTC)


def _servers(slug: str) -> list[tuple[Any, ...]]:
    return THE_DEFAULT.rows() if slug == DEFAULT else BY_SLUG.rows(slug=slug)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]
