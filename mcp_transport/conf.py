"""
Every setting of the project, with its default and what it does.

A setting is read from ``django.conf.settings`` when it is first asked for, and
again when Django says that it has changed, so it follows ``override_settings``;
a name that is not declared here raises.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from django.conf import settings as django_settings
from django.core.signals import setting_changed


class Settings:
    """The declared settings; the value beside each name is its default."""

    #: Path under which every server is reached: ``/mcp/<slug>``.
    MCP_PATH: str = "/mcp"
    #: Origin under which clients reach the site, "https://example.com"; needed for signing in (OAuth).
    MCP_PUBLIC_URL: str | None = None
    #: Path that answers while the worker process lives; None for none.
    MCP_HEALTH_PATH: str | None = "/healthz"
    #: Path that answers 200 while requests are welcome, and 503 otherwise; None for none.
    MCP_READY_PATH: str | None = "/readyz"
    #: Hosts that may be named in the Host header; None takes ALLOWED_HOSTS.
    MCP_ALLOWED_HOSTS: Sequence[str] | None = None
    #: Origins of browser pages that may call, beside the site's own.
    MCP_ALLOWED_ORIGINS: Sequence[str] = ()
    #: Bytes of a request body that are read before it is refused with 413.
    MCP_MAX_BODY_BYTES: int = 4 * 1024 * 1024
    #: Seconds a client may take to send a request body.
    MCP_BODY_TIMEOUT: float = 30.0
    #: Where Nchan takes messages, by the name of each nginx: ``{"n0": "unix:/run/mcp/publish.sock"}``.
    MCP_NCHAN_PUBLISHERS: Mapping[str, str] = {}
    #: What an nginx says to be believed that it takes streams over, 32 characters or more.
    MCP_NCHAN_SECRET: str = ""
    #: Seconds of silence on an open stream before a comment line is sent.
    MCP_KEEP_ALIVE_INTERVAL: float = 15.0
    #: Seconds a request may work before its answer becomes a stream.
    MCP_STREAM_AFTER: float = 1.0
    #: Seconds a tool, resource or prompt may take unless it names its own limit.
    MCP_TOOL_TIMEOUT: float = 300.0
    #: Seconds a running request waits for its client's answer to a question.
    MCP_ANSWER_TIMEOUT: float = 300.0
    #: Threads that run synchronous tools.
    MCP_THREADS: int = 32
    #: Synchronous calls that may wait for a thread before one is refused.
    MCP_THREAD_QUEUE: int = 1000
    #: Entries in one page of a list.
    MCP_PAGE_SIZE: int = 100
    #: Milliseconds a client may keep a list before it asks again.
    MCP_CACHE_TTL_MS: int = 60_000
    #: Seconds for which a worker process keeps a row it has read (server, token, session).
    MCP_ROW_CACHE_SECONDS: float = 1.0
    #: Seconds without a request after which a session expires.
    MCP_SESSION_IDLE_TIMEOUT: float = 3600.0
    #: Sessions one principal may have open on a server.
    MCP_MAX_SESSIONS: int = 100
    #: The same for all clients together that send no credentials.
    MCP_MAX_ANONYMOUS_SESSIONS: int = 10_000
    #: Streams and connections one principal may hold open in a worker process.
    MCP_MAX_STREAMS: int = 50
    #: The same for all clients together that send no credentials.
    MCP_MAX_ANONYMOUS_STREAMS: int = 1000
    #: Requests a minute one principal may send to a server; None for no limit.
    MCP_RATE_LIMIT: int | None = None
    #: Requests one principal may have running on a server; None for no limit.
    MCP_CONCURRENCY_LIMIT: int | None = None
    #: Requests a minute that may come to a server from one address without credentials.
    MCP_ANONYMOUS_RATE_LIMIT: int | None = None
    #: Requests from one address without credentials that a server may have running.
    MCP_ANONYMOUS_CONCURRENCY_LIMIT: int | None = None
    #: Requests a minute that all clients together may send to a server.
    MCP_SERVER_RATE_LIMIT: int | None = None
    #: Requests of all clients together that a server may have running.
    MCP_SERVER_CONCURRENCY_LIMIT: int | None = None
    #: Seconds a call may take that has become a task, unless its tool names its own limit.
    MCP_TASK_TIMEOUT: float = 3600.0
    #: Seconds for which a task, with its result, can be asked for; counted from its beginning.
    MCP_TASK_LIFETIME: float = 86_400.0
    #: Seconds a client is asked to wait before it looks at a task again.
    MCP_TASK_POLL_INTERVAL: float = 2.0
    #: Tasks one principal may have running on a server; clients without credentials count as one.
    MCP_MAX_RUNNING_TASKS: int = 50
    #: Tasks of one principal that are kept on a server, with those that have ended.
    MCP_MAX_TASKS: int = 1000
    #: Bytes of the result of a task.
    MCP_TASK_MAX_BYTES: int = 1024 * 1024
    #: Seconds for which the events of an ended stream can be replayed.
    MCP_EVENT_LIFETIME: float = 3600.0
    #: Messages a stream may hold for a client that reads slowly.
    MCP_STREAM_QUEUE: int = 256
    #: When a tool call's answer may leave: "durable" (its row is committed), "batched" or "off".
    MCP_CALL_RECORDING: str = "durable"
    #: Rows that may wait to be written before work is refused; results have room behind them.
    MCP_CALL_QUEUE: int = 10_000
    #: Seconds a request waits for the database before it is answered with 503.
    MCP_DATABASE_PATIENCE: float = 4.0
    #: Call rows of a worker process after which a signed checkpoint vouches for them.
    MCP_CHECKPOINT_ROWS: int = 1000
    #: Seconds after which a checkpoint is made of fewer call rows.
    MCP_CHECKPOINT_INTERVAL: float = 300.0
    #: Days for which a call is kept, at least; None for ever.
    MCP_CALL_LIFETIME_DAYS: float | None = 365
    #: Call rows above which the oldest are deleted, up to a checkpoint; None for no limit.
    MCP_CALL_LIMIT: int | None = None
    #: Days for which what an operator did is kept, at least; None for ever.
    MCP_OPERATOR_ACTION_LIFETIME_DAYS: float | None = 730
    #: Requests that one WebSocket or HTTP+SSE connection may have running.
    MCP_CONNECTION_REQUESTS: int = 100
    #: Seconds for which a client may read next to nothing before its connection is closed.
    MCP_STALL_TIMEOUT: float = 30.0
    #: Bytes of one WebSocket message.
    MCP_WEBSOCKET_MAX_BYTES: int = 1024 * 1024
    #: Whether a WebSocket may bring its ticket in the URL, where proxies write it to their logs.
    MCP_WEBSOCKET_QUERY_TICKETS: bool = False
    #: Seconds for which a ticket opens a WebSocket.
    MCP_TICKET_LIFETIME: float = 30.0
    #: Whether clients of 2024-11-05 are served over HTTP with SSE.
    MCP_HTTP_SSE: bool = True
    #: Whether servers are served to plain HTTP clients too: ``/mcp/<slug>/tools``.
    MCP_REST: bool = False
    #: Path at which the default server's plain HTTP stands, too: "/" or "/api"; None for none.
    MCP_REST_ROOT: str | None = None
    #: Whether a browser is shown a page about a server at its address.
    MCP_PAGE: bool = True
    #: Path at which Prometheus fetches figures, such as "/metrics"; None for none.
    MCP_METRICS_PATH: str | None = None
    #: Who may fetch them: "loopback", "permission" (an operator's token) or "anybody".
    MCP_METRICS_ACCESS: str = "loopback"
    #: Whether each request is a span of OpenTelemetry's.
    MCP_TRACING: bool = False
    #: Whether log lines written while a request is served can name it.
    MCP_LOG_CONTEXT: bool = False
    #: Requests a minute that one operator may send to the operators' API.
    MCP_API_RATE: int = 600
    #: Endings of the names of arguments whose values are never kept, nor repeated in an error.
    MCP_REDACTED_ARGUMENTS: Sequence[str] = (
        "password",
        "passwd",
        "secret",
        "token",
        "api_key",
        "apikey",
        "authorization",
        "credential",
    )
    #: Seconds for which a question to a stateless client can be answered.
    MCP_REQUEST_STATE_LIFETIME: float = 600.0
    #: Days after which a new token expires; None for never.
    MCP_TOKEN_LIFETIME_DAYS: int | None = 90
    #: Request headers a tool may read through its context.
    MCP_CONTEXT_HEADERS: Sequence[str] = (
        "user-agent",
        "accept-language",
        "traceparent",
        "x-request-id",
    )
    #: Classes that turn a request's credentials into a principal, asked in order.
    MCP_AUTHENTICATORS: Sequence[str] = (
        "mcp_transport.auth.bearer.BearerAuthenticator",
        "mcp_transport.auth.issuers.authenticator.IssuerAuthenticator",
    )
    #: Authorization servers whose tokens are taken, by issuer (docs/howto/identity-provider.md).
    MCP_ISSUERS: dict[str, Any] = {}
    #: Whether clients may register themselves with the site's authorization server.
    MCP_OAUTH_REGISTRATION: bool = True
    #: Hosts whose documents about themselves clients may be known by; None for any, () for none.
    MCP_OAUTH_CLIENT_HOSTS: Sequence[str] | None = None
    #: Hosts with private addresses from which such documents may be fetched.
    MCP_OAUTH_PRIVATE_HOSTS: Sequence[str] = ()
    #: Schemes of programs, such as "cursor", to which codes may be sent beside https and loopback.
    MCP_OAUTH_REDIRECT_SCHEMES: Sequence[str] = ()
    #: Seconds for which an access token is good; its client gets the next one by itself.
    MCP_OAUTH_ACCESS_TOKEN_LIFETIME: float = 3600.0
    #: Seconds without a new access token after which a user has to let a client in again.
    MCP_OAUTH_REFRESH_TOKEN_LIFETIME: float = 14 * 86_400.0
    #: Classes that offer entries to servers.
    MCP_SOURCES: Sequence[str] = (
        "mcp_transport.sources.apps.AppSource",
        "mcp_transport.sources.texts.TextSource",
        "mcp_transport.sources.stdio.source.StdioSource",
        "mcp_transport.sources.openapi.source.OpenApiSource",
        "mcp_transport.sources.remote.source.RemoteSource",
    )
    #: What stands before the names of an app's tools and prompts, by the app's dotted name.
    MCP_NAME_PREFIXES: dict[str, str] = {}
    #: Programs that speak MCP over standard input and output, by alias; each is offered as ``<alias>_<tool>``.
    MCP_STDIO: dict[str, Any] = {}
    #: OpenAPI documents whose operations are tools, by alias (docs/howto/openapi.md).
    MCP_OPENAPI: dict[str, Any] = {}
    #: MCP servers that are reached over HTTP, by alias (docs/howto/remote-servers.md).
    MCP_REMOTE: dict[str, Any] = {}
    #: How worker processes wake each other, by alias.
    MCP_BUS: dict[str, Any] = {"default": {"BACKEND": "mcp_transport.bus.memory.MemoryBus"}}
    #: Whether the admin's MCP pages forbid inline scripts, styles and eval; off for themes that need them.
    MCP_ADMIN_STRICT_CSP: bool = True
    #: Worker processes that serve the site; None takes the variable WEB_CONCURRENCY, or one.
    MCP_WORKERS: int | None = None
    #: Seconds a worker process that is told to stop still takes requests, for proxies to turn away.
    MCP_DRAIN_DELAY: float = 1.0
    #: Seconds a worker process may take to finish its work when it is told to stop.
    MCP_DRAIN_TIMEOUT: float = 30.0


class Current:
    """The settings as they are now; what was read once is an attribute."""

    def __init__(self) -> None:
        setting_changed.connect(self._forget)

    def __getattr__(self, name: str) -> Any:
        default = getattr(Settings, name)  # an unknown name raises here
        value = getattr(django_settings, name, default)
        setattr(self, name, value)
        return value

    def _forget(self, *, setting: str, **_signal: Any) -> None:
        vars(self).pop(setting, None)


settings = cast(Settings, Current())
