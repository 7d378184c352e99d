"""Tests of mcp_transport.management.configuration.importing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mcp_transport.audit.operators import Operator
from mcp_transport.management.configuration.document import Malformed, exported, parsed
from mcp_transport.management.configuration.importing import Change, Import
from mcp_transport.models import EntryOverride, OperatorAction, Server, TextEntry

pytestmark = pytest.mark.django_db

GRACE = Operator(way="command", username="grace")


def run(document: Any, *, is_trial: bool = False, prune: bool = False) -> list[Change]:
    """Import a document, given as text or as what it holds."""
    text = document if isinstance(document, str) else json.dumps({"version": 1, **document})
    return Import(GRACE, prune=prune).run(parsed(text), is_trial=is_trial)


def said(changes: list[Change]) -> list[tuple[str, str]]:
    """What was done to what."""
    return [(change.action, change.name) for change in changes]


@pytest.fixture
def shop(server: Server) -> Server:
    """A server with everything beside the one that everybody has."""
    shop = Server.objects.create(
        slug="shop", title="Shop", access="permission", permission="a.b", rate=5, is_default=True
    )
    shop.overrides.create(kind="tool", name="echo", title="Echo", is_read_only=False)
    TextEntry(name="greet", text="Hello {who}", arguments=[{"name": "who"}]).save()
    TextEntry(kind="resource", name="terms", uri="text://terms", text="All of them").save()
    return shop


def test_a_round_trip_is_the_same(shop: Server) -> None:
    text = exported()
    assert run(text) == []
    Server.objects.all().delete()
    TextEntry.objects.all().delete()
    assert len(run(text)) == 5
    assert exported() == text
    assert run(text, prune=True) == []


def test_each_change_is_told_and_recorded(shop: Server) -> None:
    document = json.loads(exported())
    document["servers"][1]["title"] = "The shop"
    document["servers"][1]["overrides"].append({"kind": "tool", "name": "add", "is_enabled": False})
    document["texts"][0]["text"] = "Good day {who}"
    changes = run(document)
    assert said(changes) == [
        ("change", "text prompt greet"),
        ("change", "server shop"),
        ("add", "entry shop tool add"),
    ]
    assert changes[1].fields == {"title": ["Shop", "The shop"]}
    kept = OperatorAction.objects.order_by("id").values_list("action", "kind", "username", "way")
    assert list(kept) == [
        ("change", "textentry", "grace", "command"),
        ("change", "server", "grace", "command"),
        ("add", "entryoverride", "grace", "command"),
    ]
    assert TextEntry.objects.get(name="greet").version == 2
    assert TextEntry.objects.get(name="greet").versions.first().author == "grace"  # type: ignore[union-attr]


def test_a_trial_tells_the_same_and_changes_nothing(shop: Server) -> None:
    text = exported()
    document = json.loads(text)
    document["servers"][1]["title"] = "The shop"
    tried = run(document, is_trial=True)
    assert exported() == text
    assert not OperatorAction.objects.exists()
    assert run(document) == tried


def test_what_the_file_does_not_name_stays_unless_it_is_to_go(shop: Server) -> None:
    document = {"servers": [{"slug": "main", "title": "Main"}]}
    assert run(document) == []
    assert Server.objects.count() == 2
    pruned = run(document, prune=True)
    assert said(pruned) == [
        ("delete", "server shop"),
        ("delete", "text prompt greet"),
        ("delete", "text resource terms"),
    ]
    assert [row.slug for row in Server.objects.all()] == ["main"]
    assert not TextEntry.objects.exists()


def test_overrides_that_the_file_does_not_name_go_with_prune_alone(shop: Server) -> None:
    document = json.loads(exported())
    document["servers"][1]["overrides"] = []
    assert run(document) == []
    assert said(run(document, prune=True)) == [("delete", "entry shop tool echo")]
    assert not EntryOverride.objects.exists()


def test_one_bad_value_leaves_everything_as_it_was(shop: Server) -> None:
    text = exported()
    document = json.loads(text)
    document["servers"].insert(0, {"slug": "new"})
    document["servers"][1]["access"] = "anyone"
    document["servers"][2]["permission"] = "nonsense"
    document["texts"][0]["text"] = "Hello {nobody}"
    with pytest.raises(Malformed) as refused:
        run(document)
    lines = str(refused.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "texts[0].text",
        "servers[1].access",
        "servers[2].permission",
    ]
    assert exported() == text
    assert not OperatorAction.objects.exists()


def test_a_rule_over_several_members_names_the_row(server: Server) -> None:
    with pytest.raises(Malformed, match=r"^servers\[0\]: .*permission"):
        run({"servers": [{"slug": "new", "access": "permission"}]})


def test_the_default_passes_from_one_server_to_another(shop: Server) -> None:
    document = json.loads(exported())
    document["servers"][0]["is_default"] = True
    document["servers"][1]["is_default"] = False
    changes = run(document)
    assert [(change.name, change.fields) for change in changes] == [
        ("server main", {"is_default": [False, True]}),
        ("server shop", {"is_default": [True, False]}),
    ]
    assert Server.objects.get(is_default=True).slug == "main"


def test_a_text_that_an_app_has_already_is_not_imported(server: Server) -> None:
    with pytest.raises(Malformed, match=r"texts\[0\]: An app of this site has the prompt 'plan'"):
        run({"texts": [{"kind": "prompt", "name": "plan", "text": "Plan"}]})
    assert not TextEntry.objects.exists()


def test_the_default_is_taken_from_a_server_that_the_file_does_not_name(shop: Server) -> None:
    changes = run({"servers": [{"slug": "main", "title": "Main", "is_default": True}]})
    assert said(changes) == [("change", "server shop"), ("change", "server main")]
    assert Server.objects.get(is_default=True).slug == "main"


def test_two_defaults_are_refused(shop: Server) -> None:
    document = json.loads(exported())
    for row in document["servers"]:
        row["is_default"] = True
    with pytest.raises(Malformed, match="is_default|default"):
        run(document)


def renamed(**names: str) -> dict[str, Any]:
    """A server on which tools have other names."""
    overrides = [{"kind": "tool", "name": n, "new_name": other} for n, other in names.items()]
    return {"servers": [{"slug": "main", "overrides": overrides}]}


@pytest.mark.parametrize("names", [{"echo": "add"}, {"echo": "same", "add": "same"}])
def test_another_name_is_not_one_that_is_taken(server: Server, names: dict[str, str]) -> None:
    with pytest.raises(Malformed, match=r"overrides\[0\]\.new_name: another tool of this server"):
        run(renamed(**names))
    assert not EntryOverride.objects.exists()


def test_two_entries_may_change_their_names(server: Server) -> None:
    run(renamed(echo="add", add="echo"))
    run(renamed(echo="add", add="echo"))
    assert EntryOverride.objects.count() == 2


def test_a_text_about_characters_is_no_such_character(server: Server) -> None:
    said = "JSON writes a character of nothing as \\u0000, and half of one as \\ud800."
    TextEntry(name="greet", text=said).save()
    text = exported()
    TextEntry.objects.all().delete()
    run(text)
    assert TextEntry.objects.get().text == said
