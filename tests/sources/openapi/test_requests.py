"""Tests of mcp_transport.sources.openapi.requests."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_transport.registry.errors import ArgumentError
from mcp_transport.sources.openapi.configuration import Configuration
from mcp_transport.sources.openapi.requests import check_url, request_of
from tests.sources.openapi.documents import built, configured, operation, petstore

PETS = petstore()
NASTY = st.text(st.sampled_from("./\\%2eEfF;?#&=@: \t\r\n\x00a\x7fé\u2024\uff0e{}"), max_size=12)
FILE = {
    "/files/{a}.{b}/{c}": {
        "get": {
            "parameters": [
                {"name": name, "in": "path", "required": True, "schema": {}} for name in "abc"
            ]
        }
    }
}

FILES = built(FILE)


def request(name: str, /, setting: Configuration | None = None, **arguments: Any) -> httpx.Request:
    """The request for a call of the petstore."""
    setting = setting or configured()
    return request_of(operation(PETS, f"pets_{name}"), arguments, setting)


def test_a_query_has_what_was_given() -> None:
    span = {"from": "2024-01-01"}
    sent = request("findPets", kind="cat", tags=["a", "b&c"], born=span, limit=5)
    assert str(sent.url) == (
        "https://pets.example/v1/pets?kind=cat&tags=a&tags=b%26c&born%5Bfrom%5D=2024-01-01&limit=5"
    )
    assert sent.headers["accept-encoding"] == "gzip"
    assert sent.content == b""


def test_a_body_goes_as_json() -> None:
    sent = request("addPet", body={"name": "Rex"})
    assert (sent.method, sent.content) == ("POST", b'{"name":"Rex"}')
    assert sent.headers["content-type"] == "application/json"


def test_a_body_goes_as_a_form() -> None:
    arguments: dict[str, Any] = {
        "body": {"pet": 1, "extras": ["bowl", "a&b"], "card": None},
        "basket": "a;b",
        "X-Request-Id": "r-1",
    }
    sent = request("order", **arguments)
    assert sent.content == b"pet=1&extras=bowl&extras=a%26b"
    assert sent.headers["content-type"] == "application/x-www-form-urlencoded"
    assert sent.headers["cookie"] == "basket=a%3Bb"
    assert sent.headers["x-request-id"] == "r-1"


def test_a_body_goes_in_parts() -> None:
    body = {"title": 'x"\r\ny', "photo": "aGVsbG8=", "at": {"x": 1}}
    sent = request("addPhoto", id="7", body=body)
    text = sent.read().decode()
    assert sent.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert (
        'name="photo"; filename="photo"\r\nContent-Type: application/octet-stream\r\n\r\nhello'
        in text
    )
    assert 'name="at"\r\nContent-Type: application/json\r\n\r\n{"x":1}' in text
    assert 'name="title"\r\n\r\nx"\r\ny\r\n' in text
    assert request("addPhoto", id="7", body={}).read()


@pytest.mark.parametrize(
    ("media_type", "value", "content"),
    [
        ("text/plain", "Grüße", "Grüße".encode()),
        ("application/pdf", "aGVsbG8=", b"hello"),
        ("*/*", [1], b"[1]"),
        ("application/merge-patch+json", {"a": None}, b'{"a":null}'),
    ],
)
def test_a_body_goes_as_the_document_says(media_type: str, value: Any, content: bytes) -> None:
    path: dict[str, Any] = {"post": {"requestBody": {"content": {media_type: {}}}}}
    (tool,) = built({"/a": path}).operations
    assert request_of(tool, {"body": value}, configured()).content == content


def test_bytes_that_are_no_base64_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"body\.photo: is no base64"):
        request("addPhoto", id="7", body={"photo": "%%%"})


def test_what_the_setting_sends_stands_in_every_request() -> None:
    setting = configured(headers={"accept": "text/csv"}, auth={"query": {"key": "a&b"}})
    sent = request("findPets", setting, born={"key": "forged"}, limit=1)
    assert sent.url.query == b"born%5Bkey%5D=forged&limit=1&key=a%26b"
    assert sent.headers.get_list("accept") == ["text/csv"]


def test_a_parameter_that_is_spread_out_cannot_replace_the_credential() -> None:
    spread = {"name": "filter", "in": "query", "schema": {"type": "object"}}
    (tool,) = built({"/a": {"get": {"parameters": [spread]}}}).operations
    setting = configured(auth={"query": {"key": "real"}})
    sent = request_of(tool, {"filter": {"key": "forged", "a": 1}}, setting)
    assert sent.url.query == b"a=1&key=real"


def test_dots_that_stand_together_do_not_lead_up() -> None:
    given = [{"name": n, "in": "path", "required": True, "schema": {}} for n in "ab"]
    (tool,) = built({"/x/{a}{b}/y": {"get": {"parameters": given}}}).operations
    for first, second in ((".", "."), ("..", "")):
        with pytest.raises(ArgumentError):
            request_of(tool, {"a": first, "b": second}, configured())
    split = built({"/x/.{a}/y": {"get": {"parameters": given[:1]}}}).operations[0]
    with pytest.raises(ArgumentError):
        request_of(split, {"a": "."}, configured())


@pytest.mark.parametrize("base", ["https://PETS.example/", "https://pets.example:443/a b/ü"])
def test_a_base_may_be_written_in_any_way(base: str) -> None:
    (tool,) = built({"/a": {"get": {}}}, changes={"base_url": base}).operations
    sent = request_of(tool, {}, configured(base_url=base))
    assert (sent.url.host, sent.url.port) == ("pets.example", None)
    assert sent.url.path.endswith("/a")


def test_an_address_that_is_not_what_was_put_together_is_not_asked() -> None:
    for url in (
        "https://evil.example/v1/a",
        "https://pets.example/v1/b",
        "http://pets.example/v1/a",
    ):
        with pytest.raises(ArgumentError, match="leads elsewhere"):
            check_url(httpx.URL(url), "https://pets.example/v1", "/a")


@settings(max_examples=1000)
@given(st.tuples(NASTY, NASTY, NASTY) | st.tuples(st.text(), st.text(), st.text()))
def test_no_argument_leads_to_another_path_or_origin(values: tuple[str, str, str]) -> None:
    (tool,) = FILES.operations
    try:
        sent = request_of(tool, dict(zip("abc", values, strict=True)), configured())
    except ArgumentError:
        return
    assert (sent.url.scheme, sent.url.host, sent.url.port) == ("https", "pets.example", None)
    raw = sent.url.raw_path.decode("ascii")
    parts = raw.split("/")
    assert parts[:3] == ["", "v1", "files"]
    assert len(parts) == 5
    assert not {"?", "#", "\\"} & set(raw)
    decoded = [unquote(part) for part in parts]
    assert not {".", ".."} & set(decoded)
    assert not any("/" in part or "\\" in part for part in decoded)
    assert decoded[3:] == [f"{values[0]}.{values[1]}", values[2]]


@settings(max_examples=200)
@given(NASTY)
def test_no_argument_ends_a_header(value: str) -> None:
    arguments: dict[str, Any] = {"X-Request-Id": value, "basket": value, "body": {"pet": 1}}
    try:
        sent = request("order", **arguments)
    except ArgumentError:
        return
    for name, text in sent.headers.raw:
        assert not set(b"\r\n\x00") & set(text), name


@settings(max_examples=200)
@given(NASTY)
def test_a_query_holds_what_was_given_and_nothing_else(value: str) -> None:
    sent = request("findPets", tags=[value, "x"], limit=1)
    assert sent.url.params.multi_items() == [("tags", value), ("tags", "x"), ("limit", "1")]
