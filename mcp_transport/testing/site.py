"""The site's endpoints, running in the test's own process."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from django.contrib.auth import get_user_model
from django.core.asgi import get_asgi_application

from mcp_transport.auth.authenticators import Authenticator, AuthenticatorChain
from mcp_transport.auth.errors import InvalidToken
from mcp_transport.auth.principal import Principal, principal_of
from mcp_transport.conf import settings
from mcp_transport.routing import mcp_application
from mcp_transport.testing.asgi import LIMIT, Http
from mcp_transport.testing.client import Client
from mcp_transport.worker.lifespan import runtime


class Guests(Authenticator):
    """
    Users whom a test lets in without a token.

    Their rows and permissions are read anew for every request, so that what a
    test changes about a user holds at once.
    """

    def __init__(self) -> None:
        self._users: dict[bytes, Any] = {}

    def admit(self, user: Any) -> str:
        """Let a user in; the made-up token by which they are known."""
        token = f"guest-{len(self._users) + 1}"
        self._users[f"Bearer {token}".encode()] = user.pk
        return token

    async def authenticate(self, headers: Mapping[bytes, bytes]) -> Principal | None:
        """See Authenticator.authenticate()."""
        key = self._users.get(headers.get(b"authorization", b""))
        return None if key is None else await runtime().rows.run(present_guest, key)

    def ignores(self, headers: Mapping[bytes, bytes]) -> bool:
        """See Authenticator.ignores()."""
        return headers.get(b"authorization", b"") not in self._users


def present_guest(key: Any) -> Principal:
    """The user of a key, as the site knows them now; makes queries."""
    user = get_user_model()._default_manager.filter(pk=key, is_active=True).first()
    if user is None:
        raise InvalidToken("This user is inactive, or has been deleted.")
    return principal_of(user)


class Site:
    """
    What a server process would run, without a socket.

    An asynchronous context manager. It starts the one runtime of the process,
    so that there can be one site at a time, and settings that are read at the
    start have to be changed before, or followed by :meth:`restart`.
    """

    def __init__(self, application: Any = None, *, limit: float = LIMIT) -> None:
        self.http = Http(application or mcp_application(get_asgi_application()), limit=limit)
        self._guests = Guests()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Begin to serve."""
        run = runtime()
        run.authenticators = AuthenticatorChain((self._guests, run.authenticators))
        await run.start()

    async def stop(self) -> None:
        """Leave what is open and stop what was started."""
        await self.http.close()
        await runtime().stop()

    async def restart(self) -> None:
        """Read the settings anew. Sessions go on; what runs is finished first."""
        await runtime().stop()
        await self.start()

    def admit(self, user: Any) -> str:
        """A token by which the site knows a user while it runs; empty for nobody."""
        return "" if user is None or user.is_anonymous else self._guests.admit(user)

    def client(
        self, server: str = "", *, user: Any = None, token: str = "", **options: Any
    ) -> Client:
        """
        A client of a server, by its slug, as a user or with a token.

        Without a slug it calls the default server. ``options`` are those of
        :class:`~mcp_transport.testing.client.Client`.
        """
        path = f"{settings.MCP_PATH.rstrip('/')}/{server}".rstrip("/")
        return Client(self, path, token=token or self.admit(user), **options)
