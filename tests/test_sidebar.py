"""Tests of mcp_transport.sidebar."""

from __future__ import annotations

import re

from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.urls import reverse

from mcp_transport.sidebar import FIRST, OrderedSite


def order(page: bytes) -> list[str]:
    """The models of a page's sidebar."""
    return re.findall(r'class="model-(\w+)', page.decode())


def test_a_page_of_ours_shows_what_is_looked_at_first_first(db: None) -> None:
    operator = Client()
    operator.force_login(User.objects.create_superuser("root"))
    shown = order(operator.get(reverse("admin:mcp_transport_call_changelist")).content)
    ours = [name.lower() for name in FIRST if name.lower() in shown]
    start = shown.index(ours[0])
    assert shown[start : start + len(ours)] == ours


def test_a_site_of_its_own_has_the_order_everywhere(db: None) -> None:
    site = OrderedSite()
    site._registry = admin.site._registry
    request = RequestFactory().get("/")
    request.user = User.objects.create_superuser("root")
    (section,) = [app for app in site.get_app_list(request) if app["app_label"] == "mcp_transport"]
    assert section["models"][0]["object_name"] == "Overview"
