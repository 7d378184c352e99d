"""A project with two admin sites."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
from django.test import Client
from django.urls import include, path
from django.utils import timezone
from oauth2_provider.models import get_application_model
from pytest_django import Settings

from mcp_transport.admin.reversing import reverse
from mcp_transport.models import Call, Server, Session, Task, TextEntry, Token
from mcp_transport.models.task import new_task_id
from mcp_transport.oauth.models import Connection

ADDRESS = re.compile(r"""(?:href|action|data-live|data-[a-z-]+)=["'](/[^"'?#]*)""")


def operators_site() -> AdminSite:
    """All pages once more, for other people under another address."""
    site = AdminSite(name="operators")
    for model, model_admin in admin.site._registry.items():
        site.register(model, type(model_admin))
    return site


def urls_of(*patterns: Any) -> Any:
    """What ROOT_URLCONF may name."""
    module: Any = ModuleType("urls_of_a_test")
    module.urlpatterns = list(patterns)
    return module


@pytest.fixture
def two_sites(settings: Settings) -> None:
    settings.ROOT_URLCONF = urls_of(
        path("admin/", admin.site.urls),
        path("operators/", operators_site().urls),
        path("api/", include("mcp_transport.api.urls")),
    )


@pytest.fixture
def row_of_each(server: Server, owner: User) -> dict[str, str]:
    """The last part of the address of a page, by model."""
    now = timezone.now()
    session = Session.objects.create(
        server=server, owner="anonymous", revision="2025-11-25", last_seen_at=now
    )
    token = Token.objects.issue(owner=owner, name="t")[0]
    call = Call.objects.create(
        worker="w", sequence=1, started_at=now, duration_us=5, server="main", outcome="ok",
        session=session.id, kind="tool", entry="repeat",
    )  # fmt: skip
    text = TextEntry(name="plan_a", text="x")
    text.save()
    task = Task.objects.create(
        id=new_task_id(), server=server, owner="anonymous", tool="repeat", worker="w",
        lifetime_ms=1000, poll_interval_ms=1000, created_at=now, updated_at=now, expires_at=now,
    )  # fmt: skip
    client = get_application_model().objects.create(name="A client")
    connection = Connection.objects.create(
        user=owner, client=client, server=server, scopes=["tools"], code_digest="x",
        code_expires_at=now, redirect_uri="http://127.0.0.1/",
    )  # fmt: skip
    return {
        "overview": "",
        "server": f"{server.pk}/",
        "session": f"{session.handle}/",
        "token": f"{token.pk}/",
        "call": f"{call.pk}/change/",
        "textentry": f"{text.pk}/change/",
        "task": f"{task.handle}/",
        "connection": f"{connection.pk}/",
    }


@pytest.mark.parametrize(
    "model", ["overview", "server", "session", "token", "call", "textentry", "task", "connection"]
)
def test_links_stay_on_the_site_that_is_looked_at(
    two_sites: None, operator: Client, row_of_each: dict[str, str], model: str
) -> None:
    for name in ("operators", "admin"):
        app_label = "mcp_oauth" if model == "connection" else "mcp_transport"
        home = f"/{name}/{app_label}/{model}/"
        for at in {home, home + row_of_each[model]}:
            answer = operator.get(at, follow=True)
            assert answer.status_code == 200, at
            pages = set(ADDRESS.findall(answer.content.decode()))
            other = "/admin/" if name == "operators" else "/operators/"
            assert not [found for found in pages if found.startswith(other)]
            assert f"/{name}/mcp_transport/server/" in "".join(sorted(pages))


def test_a_site_without_a_page_links_to_the_usual_one(
    settings: Settings, operator: Client, server: Server
) -> None:
    site = AdminSite(name="small")
    site.register(Server, type(admin.site._registry[Server]))
    settings.ROOT_URLCONF = urls_of(path("admin/", admin.site.urls), path("small/", site.urls))
    text = operator.get(f"/small/mcp_transport/server/{server.pk}/access/").content.decode()
    assert "/small/mcp_transport/server/" in text
    assert reverse("admin:mcp_server", args=[1]).startswith("/small/")
    assert reverse("admin:mcp_transport_token_add") == "/admin/mcp_transport/token/add/"
