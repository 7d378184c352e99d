"""Tests of mcp_transport.serving.servers."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from mcp_transport.serving.servers import application_path, believes_proxies, worker_count


def test_the_application_is_named_as_servers_want_it(settings: Settings) -> None:
    settings.ASGI_APPLICATION = "mcpsite.asgi.application"
    assert application_path() == "mcpsite.asgi:application"


@pytest.mark.parametrize("named", [None, ""])
def test_a_site_that_names_no_application_is_told_which(
    settings: Settings, named: str | None
) -> None:
    settings.ASGI_APPLICATION = named
    settings.ROOT_URLCONF = "shop.urls"
    with pytest.raises(ImproperlyConfigured, match=r'ASGI_APPLICATION = "shop\.asgi\.application"'):
        application_path()


@pytest.mark.parametrize(
    ("said", "environment", "count"), [(None, "", 1), (None, "4", 4), (None, "0", 1), (3, "4", 3)]
)
def test_the_setting_says_how_many_processes_serve_before_the_environment_does(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    said: int | None,
    environment: str,
    count: int,
) -> None:
    settings.MCP_WORKERS = said
    monkeypatch.setenv("WEB_CONCURRENCY", environment)
    assert worker_count() == count


def test_forwarded_headers_are_believed_only_where_a_proxy_was_told_of(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    settings.SECURE_PROXY_SSL_HEADER = None
    assert not believes_proxies()
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert believes_proxies()
    settings.SECURE_PROXY_SSL_HEADER = None
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "10.0.0.1")
    assert believes_proxies()
