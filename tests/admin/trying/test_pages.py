"""Tests of mcp_transport.admin.trying.pages: as a browser without scripts uses them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mcp_transport import Context, tool
from mcp_transport.admin.forms.form import Form
from mcp_transport.admin.forms.shapes import same
from mcp_transport.models import Call, OperatorAction, Server, Stream, Token
from mcp_transport.protocol.headers import encode_value
from mcp_transport.registry.headers import Header
from mcp_transport.registry.registry import registry
from tests.admin.forms.corpus import CORPUS
from tests.admin.trying.browsing import Fields, Reader
from tests.admin.trying.conftest import hear, is_question

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def reader(worker: None, good: Server, root: User) -> Reader:
    """A superuser."""
    return Reader(root)


def trying(name: str, kind: str = "tool", **query: Any) -> str:
    """The address of an entry's form."""
    address = reverse("admin:mcp_transport_try", args=[Server.objects.get(slug="good").pk])
    return f"{address}?{urlencode({'kind': kind, 'name': name, **query})}"


def test_a_tool_is_tried_and_its_result_is_shown(reader: Reader) -> None:
    reader.open(trying("repeat")).press("call", **{"/text": "good morning"}).finish()
    assert "succeeded" in reader.readable
    assert "good morning" in reader.readable
    assert Call.objects.get().transport == "admin"


def test_what_is_wrong_is_told_above_the_form_and_at_the_field(reader: Reader) -> None:
    reader.open(trying("repeat")).press("call")
    assert "1 thing has to be put right" in reader.readable
    assert reader.text.count("Enter text.") == 2
    assert 'aria-invalid="true"' in reader.text
    assert "autofocus" in reader.text
    assert not Stream.objects.exists()


def test_the_schema_is_judged_before_anything_is_sent(reader: Reader) -> None:
    reader.open(trying("quote")).press("call", **{"/parcel/weight": "-1"})
    assert "minimum" in reader.readable
    assert not Stream.objects.exists()


def test_what_only_the_schema_objects_to_can_be_sent_all_the_same(reader: Reader) -> None:
    reader.open(trying("quote")).press("call", **{"/parcel/weight": "-1"})
    reader.press("anyway").finish()
    assert "tool error" in reader.readable


def test_a_tool_of_unknown_effect_asks_for_its_name(reader: Reader) -> None:
    reader.open(trying("add")).press("call", **{"/a": "1", "/b": "2"})
    assert "Type add to confirm" in reader.readable
    assert not Stream.objects.exists()
    reader.press("call", confirm="add").finish()
    assert "succeeded" in reader.readable


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A tool with an array and alternatives."""
    from mcp_transport.registry.decorators import tool

    schema = {
        "type": "object",
        "properties": {
            "lines": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "properties": {"code": {"type": "string"}, "copies": {"type": "integer"}},
                    "required": ["code"],
                },
            },
            "pay": {
                "oneOf": [
                    {
                        "title": "Card",
                        "type": "object",
                        "properties": {"kind": {"const": "card"}, "pin": {"type": "string"}},
                        "required": ["kind"],
                    },
                    {"title": "Later", "type": "integer"},
                ]
            },
        },
        "required": ["lines"],
    }
    with registry.registered_temporarily():

        @tool(input_schema=schema, read_only=True)
        async def order(**arguments: Any) -> dict[str, Any]:
            """Order several things."""
            return arguments

        order.__module__ = "tests.apps.good.mcp"
        yield


def test_items_and_alternatives_need_no_script(reader: Reader, order: None) -> None:
    reader.open(trying("order"))
    reader.press("add:/lines", **{"/lines/0/code": "a"})
    assert 'value="remove:/lines/1"' in reader.text
    reader.press("add:/lines", **{"/lines/1/code": "b", "/lines/1/copies": "2"})
    reader.press("remove:/lines/0")
    reader.press("remove:/lines/1")
    reader.press("call", **{"choice:/pay": "0", "/pay/~|0/pin": "1"}).finish()
    stream = Stream.objects.get()
    assert json.loads(stream.call["arguments"]) == {
        "lines": [{"code": "b", "copies": 2}],
        "pay": {"kind": "card", "pin": "1"},
    }


def test_the_form_becomes_json_and_a_form_again(reader: Reader, order: None) -> None:
    reader.open(trying("order")).press("add:/lines")
    reader.press(
        "json", **{"/lines/0/code": "a", "/lines/1/code": "b", "choice:/pay": "1", "/pay/~|1": "7"}
    )
    shown = json.loads(Fields(reader.text).forms[-1]["arguments"])
    assert shown == {"lines": [{"code": "a"}, {"code": "b"}], "pay": 7}
    reader.press("form", arguments=json.dumps({**shown, "else": [None]}))
    reader.press("json")
    assert json.loads(Fields(reader.text).forms[-1]["arguments"]) == {**shown, "else": [None]}


def test_json_that_is_none_is_told(reader: Reader) -> None:
    reader.open(trying("repeat")).press("json", **{"/text": "x"})
    reader.press("call", arguments="{")
    assert "This is no JSON" in reader.readable
    reader.press("call", arguments='{"text": "from json"}').finish()
    assert "from json" in reader.readable


@pytest.mark.parametrize("name", CORPUS)
def test_a_browser_sends_back_what_a_form_shows(name: str) -> None:
    from django.template.loader import render_to_string

    schema, values = CORPUS[name]
    for value in values:
        form = Form.of(schema, value, is_secret=lambda _name: False)
        is_hidden = [field for field in form.root.walk() if field.place.is_secret]
        shown = render_to_string(form.root.template_name, {"field": form.root})
        sent = Fields(f"<form>{shown}</form>").forms[0]
        again = Form(schema, sent, is_secret=lambda _name: False)
        assert is_hidden or same(again.read(), value), (value, sent)


def test_a_question_is_answered_on_the_page(reader: Reader) -> None:
    reader.open(trying("greet")).press("call", confirm="greet")
    hear(reader.run, is_question)
    reader.open(reader.address)
    assert "asks you" in reader.readable
    reader.reply("accept")
    assert "Enter name" in reader.readable or "Enter Name" in reader.readable
    reader.reply("accept", **{"/name": "Ada"}).finish()
    assert "succeeded" in reader.readable
    assert "You answered." in reader.readable
    assert "Ada" in reader.readable


def test_a_question_is_declined(reader: Reader) -> None:
    reader.open(trying("greet")).press("call", confirm="greet")
    hear(reader.run, is_question)
    reader.open(reader.address).reply("decline").finish()
    assert "You declined." in reader.readable


def test_a_sampling_request_is_answered_by_hand(reader: Reader) -> None:
    reader.open(trying("compose")).press("call", confirm="compose", **{"/words": "sea"})
    hear(reader.run, is_question)
    reader.open(reader.address)
    assert "The tool asks your language model" in reader.readable
    reader.reply("accept", **{"/text": "Waves."}).finish()
    assert "Waves." in reader.readable


def test_roots_are_listed(reader: Reader) -> None:
    reader.open(trying("locate")).press("call", confirm="locate")
    hear(reader.run, is_question)
    reader.open(reader.address).reply("add:/roots")
    reader.reply("accept", **{"/roots/0/uri": "file:///srv"}).finish()
    assert "file:///srv" in reader.readable


def test_a_page_to_visit_is_a_link_that_tells_nothing(reader: Reader) -> None:
    reader.open(trying("visit")).press("call", confirm="visit")
    hear(reader.run, is_question)
    reader.open(reader.address)
    assert (
        'href="https://example.com/connect" target="_blank" rel="noopener noreferrer"'
        in reader.text
    )
    reader.reply("accept").finish()
    assert "succeeded" in reader.readable


def test_a_run_is_cancelled(reader: Reader) -> None:
    reader.open(trying("greet")).press("call", confirm="greet")
    hear(reader.run, is_question)
    reader.open(reader.address).reply("cancel-run").finish()
    assert "cancelled" in reader.readable


def test_an_error_of_the_tool_is_told_apart(reader: Reader) -> None:
    reader.open(trying("fails")).press("call", confirm="fails").finish()
    assert "tool error" in reader.readable
    assert "The shelf is empty" in reader.readable


def test_every_kind_of_content_is_shown_or_kept(reader: Reader) -> None:
    reader.open(trying("media")).press("call", confirm="media").finish()
    assert 'src="data:image/png;base64,' in reader.text
    assert "note://plain" in reader.readable
    (place,) = re.findall(r'href="([^"]*/content/\d+/)"', reader.text)
    answer = reader.client.get(place)
    assert answer.content == b"RIFF"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Type"] == "application/octet-stream"


def test_a_prompt_is_got(reader: Reader) -> None:
    reader.open(trying("plan", "prompt")).press("call")
    assert "Enter season." in reader.readable
    reader.press("call", **{"/season": "autumn"}).finish()
    assert "succeeded" in reader.readable
    assert "user" in reader.readable
    assert "autumn" in reader.readable


def test_a_template_is_filled_in(reader: Reader) -> None:
    template = next(name for name in registry.templates if name.startswith("note://"))
    (variable, *_others) = re.findall(r"{[?/]?(\w+)", template)
    reader.open(trying(template, "template")).press("call", **{f"/{variable}": "7"}).finish()
    (stream,) = Stream.objects.all()
    assert stream.method == "resources/read"
    assert "7" in reader.readable


def test_a_resource_is_read(reader: Reader) -> None:
    reader.open(trying("note://plain", "resource"))
    assert "Takes no arguments." in reader.readable
    reader.press("call").finish()
    assert "succeeded" in reader.readable
    assert "note://plain" in reader.readable


def test_markup_is_text_wherever_it_comes_from(reader: Reader) -> None:
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    reader.open(trying("repeat")).press("call", **{"/text": hostile}).finish()
    assert hostile in reader.readable.replace("&lt;", "<") or "onerror" in reader.text
    assert "<img src=x" not in reader.text
    assert "<script>alert" not in reader.text


def test_the_exchange_can_be_taken_along(reader: Reader) -> None:
    reader.open(trying("repeat")).press("call", **{"/text": "it's"}).finish()
    assert "curl http://testserver/mcp/good" in reader.readable
    assert "Mcp-Name: repeat" in reader.readable
    assert '"method": "tools/call"' in reader.readable


def test_what_headers_repeat_is_taken_along_as_they_hold_it(reader: Reader, good: Server) -> None:
    good.offers = ["*"]
    good.save()
    with registry.registered_temporarily():

        @tool(name="ship", read_only=True)
        async def ship(region: Annotated[str, Header("Region")]) -> str:
            """Send it there."""
            return region

        reader.open(trying("ship")).press("call", **{"/region": "Zürich"}).finish()
    assert f"Mcp-Param-Region: {encode_value('Zürich')}" in reader.readable


def test_a_recorded_call_is_tried_again_without_what_was_secret(reader: Reader) -> None:
    call = Call.objects.create(
        worker="w",
        sequence=1,
        started_at=timezone.now(),
        duration_us=1,
        server="good",
        method="tools/call",
        kind="tool",
        entry="repeat",
        outcome="ok",
        arguments='{"text": "once more", "password": "[redacted]"}',
    )
    reader.open(trying("repeat", call=call.pk))
    assert "once more" in reader.text
    assert "Not kept, to be typed again: /password" in reader.readable
    assert "[redacted]" not in reader.text


def test_whoever_may_not_see_calls_gets_none_as_a_form(good: Server) -> None:
    trier = User.objects.create_user("trier", is_staff=True)
    trier.user_permissions.add(Permission.objects.get(codename="try_tool"))
    reader = Reader(trier)
    assert reader.open(trying("repeat", call=1)).status == 403
    assert reader.open(trying("repeat")).status == 200


@pytest.mark.parametrize(
    ("codenames", "status"), [((), 403), (("view_server",), 403), (("try_tool",), 200)]
)
def test_trying_asks_for_a_permission_of_its_own(
    good: Server, codenames: tuple[str, ...], status: int
) -> None:
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    assert Reader(clerk).open(trying("repeat")).status == status


def test_a_try_that_is_refused_is_kept(good: Server) -> None:
    clerk = User.objects.create_user("clerk", is_staff=True)
    client = Client()
    client.force_login(clerk)
    assert client.post(trying("repeat"), {"do": "call"}).status_code == 403
    action = OperatorAction.objects.get()
    assert (action.action, action.outcome, action.object_id) == ("try", "denied", str(good.pk))


def test_what_a_user_may_not_use_cannot_be_tried(good: Server) -> None:
    trier = User.objects.create_user("trier", is_staff=True)
    trier.user_permissions.add(Permission.objects.get(codename="try_tool"))
    assert Reader(trier).open(trying("staff_only")).status == 404


def test_a_token_of_somebody_else_is_none_to_choose(good: Server, root: User) -> None:
    Token.objects.issue(owner=root, name="CI")
    trier = User.objects.create_user("trier", is_staff=True)
    trier.user_permissions.add(Permission.objects.get(codename="try_tool"))
    token = Token.objects.get()
    assert Reader(trier).open(trying("repeat", token=token.pk)).status == 404


def test_a_run_without_the_token_against_forgery_is_none(reader: Reader) -> None:
    answer = reader.client.post(trying("repeat"), {"/text": "x", "do": "call"})
    assert answer.status_code == 403
    assert not Stream.objects.exists()


def test_runs_of_others_are_not_found(reader: Reader) -> None:
    reader.open(trying("repeat")).press("call", **{"/text": "mine"}).finish()
    other = Reader(User.objects.create_superuser("other"))
    assert other.open(reader.address).status == 404
    live = reverse("admin:mcp_transport_run_live", args=[reader.run, "progress"])
    assert other.open(live).status == 404


def test_secrets_are_never_sent_back(reader: Reader) -> None:
    reader.open(trying("repeat")).press("json", **{"/text": "x"})
    reader.press("call", arguments='{"text": 1, "password": "hunter2"}')
    reader.press("anyway", arguments='{"text": "x", "password": "hunter2"}').finish()
    assert "hunter2" not in reader.text
    assert "hunter2" not in json.dumps(list(Stream.objects.values_list("call", flat=True)))


@pytest.fixture
def hostile() -> Iterator[str]:
    """A tool in whose every word is markup."""
    from mcp_transport.registry.decorators import tool

    markup = "<img src=x onerror=alert(1)>"
    schema = {
        "type": "object",
        "properties": {
            "pin": {"type": "string", "writeOnly": True, "description": markup},
            "kind": {"title": markup, "enum": [markup, '"><script>'], "default": markup},
            "more": {"oneOf": [{"title": markup, "type": "string"}, {"type": "integer"}]},
        },
    }
    with registry.registered_temporarily():

        @tool(input_schema=schema, title=markup, description=markup, read_only=True)
        async def hostile(ctx: Context, **arguments: Any) -> dict[str, Any]:
            await ctx.log("error", markup, logger=markup)
            answer = await ctx.elicit(
                markup, {"type": "object", "properties": {"a": {"type": "string", "title": markup}}}
            )
            return {markup: [markup, answer.action, arguments.get("pin")]}

        hostile.__module__ = "tests.apps.good.mcp"
        yield markup


def test_markup_of_a_tool_is_text_everywhere(reader: Reader, hostile: str) -> None:
    shown = [reader.open(trying("hostile")).text]
    reader.press("call", **{"/kind": json.dumps(hostile)})
    hear(reader.run, is_question)
    shown.append(reader.open(reader.address).text)
    shown.append(reader.reply("accept", **{"/a": hostile}).finish().text)
    assert "succeeded" in reader.readable
    assert [text for text in shown if "<img src=x" in text or '"><script>' in text] == []
    assert all("&lt;img src=x" in text for text in shown)


def test_what_the_schema_calls_secret_is_kept_nowhere(reader: Reader, hostile: str) -> None:
    reader.open(trying("hostile")).press("call", **{"/pin": "4711"})
    assert "4711" not in json.dumps(Stream.objects.get().call)
    assert "4711" not in reader.text
    hear(reader.run, is_question)
    reader.open(reader.address).press("cancel-run")


def test_runs_are_limited_in_number(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcp_transport.admin.trying.pages.MAX_RUNNING", 1)
    first = reader.open(trying("greet")).press("call", confirm="greet").address
    reader.open(trying("repeat")).press("call", **{"/text": "x"})
    assert "cancel one, or wait for it" in reader.readable
    reader.open(first)
    hear(reader.run, is_question)
    reader.open(first).press("cancel-run").finish()


def test_the_limits_of_a_server_hold_for_the_admin(reader: Reader) -> None:
    Server.objects.update(principal_rate=2)
    for _try in range(5):
        reader.open(trying("repeat")).press("call", **{"/text": "x"})
        if "/runs/" not in reader.address:
            break
    assert "Refused" in reader.readable


def test_a_form_takes_few_queries(reader: Reader) -> None:
    address = trying("repeat")
    reader.open(address)
    with CaptureQueriesContext(connection) as queries:
        reader.open(address)
    assert len(queries) <= 6, "\n".join(query["sql"] for query in queries)


def test_a_live_part_takes_few_queries_and_says_when_nothing_is_new(reader: Reader) -> None:
    reader.open(trying("count")).press("call", confirm="count").finish()
    for part in ("progress", "questions"):
        live = reverse("admin:mcp_transport_run_live", args=[reader.run, part])
        with CaptureQueriesContext(connection) as queries:
            answer = reader.client.get(live)
        assert len(queries) <= 4
        tag = answer.headers["ETag"]
        assert reader.client.get(live, headers={"If-None-Match": tag}).status_code == 304
    assert "data-over" in answer.content.decode()
