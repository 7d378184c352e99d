"""Tests of mcp_transport.admin.policy, on stock and custom pages."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from mcp_transport.page_policy import page_policy

MODELS = [model for model in admin.site._registry if model.__module__.startswith("mcp_")]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_list_and_page_sends_the_policy(operator: Client, model: type[Model]) -> None:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    assert operator.get(reverse(name)).headers["Content-Security-Policy"] == page_policy()


def test_pages_of_other_apps_send_none(operator: Client) -> None:
    answer = operator.get(reverse("admin:auth_user_changelist"))
    assert "Content-Security-Policy" not in answer.headers


def test_a_site_whose_theme_needs_more_sends_its_own(operator: Client, settings: Settings) -> None:
    settings.MCP_ADMIN_STRICT_CSP = False
    answer = operator.get(reverse("admin:mcp_transport_overview_changelist"))
    assert "Content-Security-Policy" not in answer.headers


@pytest.mark.parametrize(
    ("name", "arguments", "query"),
    [
        ("mcp_transport_call_changelist", [], {"server": "\0"}),
        ("mcp_transport_worker_change", ["\0"], {}),
        ("mcp_chains", [], {"chain": "a\0"}),
    ],
)
def test_a_character_that_no_database_looks_for_is_refused(
    operator: Client, name: str, arguments: list[str], query: dict[str, str]
) -> None:
    address = reverse(f"admin:{name}", args=arguments)
    assert operator.get(address, query).status_code == 400
    assert operator.post(address, query or {"a": "\0"}).status_code == 400
