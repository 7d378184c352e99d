"""What a browser may load for operators' pages."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from mcp_transport.page_policy import page_policy


def test_files_come_from_the_site_alone() -> None:
    assert "script-src 'self';" in page_policy()
    assert "img-src 'self' data:" in page_policy()
    assert "//" not in page_policy()


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("https://cdn.example:8443/static/", "https://cdn.example:8443"),
        ("//cdn.example/static/", "cdn.example"),
    ],
)
def test_static_files_may_be_elsewhere(settings: Settings, db: None, url: str, source: str) -> None:
    settings.STATIC_URL = url
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    for page in (reverse("admin:mcp_transport_overview_changelist"), "/api/docs/"):
        policy = client.get(page).headers["Content-Security-Policy"]
        for directive in ("script-src", "style-src"):
            assert f"{directive} 'self' {source};" in policy
        assert "connect-src 'self';" in policy
