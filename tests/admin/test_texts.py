"""Tests of mcp_transport.admin.texts."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from mcp_transport.models import OperatorAction, TextEntry

ADD = "admin:mcp_transport_textentry_add"
CHANGE = "admin:mcp_transport_textentry_change"
FORM: dict[str, Any] = {
    "kind": "prompt",
    "name": "greeting",
    "is_enabled": "on",
    "text": "Write to {customer}.",
    "arguments": "customer | required | Whom to greet\nnote",
}


def test_a_prompt_is_written_in_a_form(operator: Client) -> None:
    assert operator.post(reverse(ADD), FORM).status_code == 302
    entry = TextEntry.objects.get()
    assert entry.arguments == [
        {"name": "customer", "required": True, "description": "Whom to greet"},
        {"name": "note", "required": False},
    ]
    assert [version.author for version in entry.versions.all()] == ["root"]
    form = operator.get(reverse(CHANGE, args=[entry.pk])).content.decode()
    assert "customer | required | Whom to greet\nnote | optional</textarea>" in form


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "a b"}, "is no name"),
        ({"name": "plan"}, "has the prompt &#x27;plan&#x27; already"),
        ({"text": "{stranger}"}, "is no argument"),
        ({"arguments": "customer | perhaps"}, "Write each line as"),
        ({"arguments": "customer\ncustomer"}, "the same name"),
        ({"kind": "resource", "arguments": ""}, "needs a URI"),
        (
            {"kind": "resource", "arguments": "", "uri": "note://plain"},
            "has the resource &#x27;note://plain&#x27; already",
        ),
        ({"permission": "nothing"}, "is not a permission"),
    ],
)
def test_bad_input_is_said_at_its_field_and_nothing_saved(
    operator: Client, fields: dict[str, str], said: str
) -> None:
    answer = operator.post(reverse(ADD), {**FORM, **fields})
    form = answer.context["adminform"].form
    assert said in str(form.errors)
    assert "__all__" not in form.errors
    assert not TextEntry.objects.exists()


def test_versions_are_shown_with_what_they_changed_and_restored(operator: Client) -> None:
    operator.post(reverse(ADD), FORM)
    entry = TextEntry.objects.get()
    operator.post(reverse(CHANGE, args=[entry.pk]), {**FORM, "text": "<b>Hi</b> {customer}"})
    address = reverse("admin:mcp_text_versions", args=[entry.pk])
    text = operator.get(address).content.decode()
    assert "-text: Write to {customer}." in text
    assert "+text: &lt;b&gt;Hi&lt;/b&gt; {customer}" in text
    assert "Restore version 1" in text
    assert "Restore version 2" not in text
    restore = reverse("admin:mcp_text_restore", args=[entry.pk, 1])
    assert operator.get(restore).status_code == 404
    assert b"as a new one" in operator.post(restore, follow=True).content
    entry.refresh_from_db()
    assert (entry.version, entry.text) == (3, FORM["text"])
    assert [row.action for row in OperatorAction.objects.order_by("id")] == [
        "add", "change", "restore",
    ]  # fmt: skip


def test_a_version_that_does_not_fit_any_more_is_not_restored(operator: Client) -> None:
    operator.post(reverse(ADD), FORM)
    entry = TextEntry.objects.get()
    operator.post(reverse(CHANGE, args=[entry.pk]), {**FORM, "name": "other"})
    operator.post(reverse(ADD), FORM)
    restore = reverse("admin:mcp_text_restore", args=[entry.pk, 1])
    assert b"cannot be restored" in operator.post(restore, follow=True).content
    entry.refresh_from_db()
    assert entry.name == "other"


def test_who_may_only_look_restores_nothing(operator: Client) -> None:
    operator.post(reverse(ADD), FORM)
    entry = TextEntry.objects.get()
    clerk = User.objects.create_user("clerk", is_staff=True)
    client = Client()
    client.force_login(clerk)
    address = reverse("admin:mcp_text_versions", args=[entry.pk])
    assert client.get(address).status_code == 403
    clerk.user_permissions.set(Permission.objects.filter(codename="view_textentry"))
    text = client.get(address).content.decode()
    assert "Restore" not in text
    restore = reverse("admin:mcp_text_restore", args=[entry.pk, 1])
    assert client.post(restore).status_code == 403


def test_a_form_keeps_what_its_lines_do_not_show(operator: Client) -> None:
    arguments = [
        {"name": "customer", "title": "Whom", "required": True, "description": "a\nb | c"},
        {"name": "note", "title": "More"},
    ]
    entry = TextEntry(name="greeting", text="Write to {customer}.", arguments=arguments)
    entry.save()
    page = reverse(CHANGE, args=[entry.pk])
    lines = operator.get(page).context["adminform"].form["arguments"].value()
    assert lines == "customer | required | a b | c\nnote | optional"
    operator.post(page, {**FORM, "title": "Hello", "arguments": lines})
    entry.refresh_from_db()
    assert (entry.title, entry.arguments) == ("Hello", arguments)
    operator.post(page, {**FORM, "arguments": "customer | required | d | e\nnote | required"})
    entry.refresh_from_db()
    assert entry.arguments == [
        {"name": "customer", "title": "Whom", "required": True, "description": "d | e"},
        {"name": "note", "title": "More", "required": True},
    ]
