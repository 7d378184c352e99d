"""URI templates: RFC 6570's own examples, and what clients may try with them."""

from __future__ import annotations

import time

import pytest
from django.core.exceptions import ImproperlyConfigured

from mcp_transport.registry.uri_template import MAX_URI_LENGTH, UriTemplate

VARIABLES = {
    "var": "value",
    "hello": "Hello World!",
    "path": "/foo/bar",
    "empty": "",
    "x": "1024",
    "y": "768",
    "half": "50%",
    "triplet": "a%20b",
}


@pytest.mark.parametrize(
    ("template", "uri"),
    [
        ("u:x{var}", "u:xvalue"),
        ("u:{hello}", "u:Hello%20World%21"),
        ("u:{+hello}", "u:Hello%20World!"),
        ("u:{+path}/here", "u:/foo/bar/here"),
        ("u:{+half}", "u:50%25"),
        ("u:{+triplet}", "u:a%20b"),
        ("u:{triplet}", "u:a%2520b"),
        ("u:X{#var}", "u:X#value"),
        ("u:X{#hello}", "u:X#Hello%20World!"),
        ("u:map?{x,y}", "u:map?1024,768"),
        ("u:X{.var}", "u:X.value"),
        ("u:X{.x,y}", "u:X.1024.768"),
        ("u:{/var,x}/here", "u:/value/1024/here"),
        ("u:{;x,y,empty}", "u:;x=1024;y=768;empty"),
        ("u:{?x,y,empty}", "u:?x=1024&y=768&empty="),
        ("u:?fixed=yes{&x}", "u:?fixed=yes&x=1024"),
        ("u:x{?undefined}", "u:x"),
        ("u:x{undefined}", "u:x"),
    ],
)
def test_expansion_follows_the_examples_of_the_rfc(template: str, uri: str) -> None:
    assert UriTemplate(template).expand(VARIABLES) == uri


@pytest.mark.parametrize(
    ("template", "uri", "variables"),
    [
        ("shop://orders/{number}", "shop://orders/7", {"number": "7"}),
        ("shop://orders/{number}", "shop://orders/", None),
        ("shop://orders/{number}", "shop://orders/7/lines", None),
        ("shop://orders/{number}", "shop://orders/a%20b", {"number": "a b"}),
        ("shop://orders/{number}", "shop://orders/%ff", None),
        ("file:///{+path}", "file:///docs/a.txt", {"path": "docs/a.txt"}),
        ("api://call{+path}", "api://call/users/1", {"path": "/users/1"}),
        ("a://x{/s,t}", "a://x/1/2", {"s": "1", "t": "2"}),
        ("a://x{/s,t}", "a://x", {}),
        ("a://x{?a,b}", "a://x?b=2&a=%26", {"a": "&", "b": "2"}),
        ("a://x{?a,b}", "a://x", {}),
        ("a://x{?a,b}", "a://x?", {}),
        ("a://x{?a,b}", "a://x?c=3", None),
        ("a://x{?a,b}", "a://x?a=1&a=2", None),
        ("a://x?k=1{&z}", "a://x?k=1&z=3", {"z": "3"}),
        ("a://x{?a}{#part}", "a://x?a=1#two#three", {"a": "1", "part": "two#three"}),
        ("a://x{;p,q}", "a://x;p=1;q", {"p": "1", "q": ""}),
        ("a://x{;p}", "a://x;pp=1", None),
        ("a://{y}-{m}-{d}.json", "a://2026-01-31.json", {"y": "2026", "m": "01", "d": "31"}),
        ("a://{name}{.kind}", "a://notes.tar.gz", {"name": "notes", "kind": "tar.gz"}),
        ("a://x{.a,b}", "a://x.1.2", {"a": "1", "b": "2"}),
        ("a://{x,y}", "a://1,2", {"x": "1", "y": "2"}),
        ("a://{owner}/{repo}/{branch}/{+path}", "a://o/r/b/p/q", {
            "owner": "o", "repo": "r", "branch": "b", "path": "p/q",
        }),
    ],
)  # fmt: skip
def test_a_uri_gives_back_its_variables(
    template: str, uri: str, variables: dict[str, str] | None
) -> None:
    assert UriTemplate(template).match(uri) == variables


@pytest.mark.parametrize(
    "uri",
    [
        "file:///../secret",
        "file:///docs/%2e%2e/secret",
        "file:///docs/..%5csecret",
        "file:///docs/..",
        "file:////etc/passwd",
        "file:///%2Fetc/passwd",
        "file:///%5C%5Chost/share",
        "file:///a%00b",
        "file:///a%0Ab",
    ],
)
def test_a_value_that_could_leave_its_place_is_no_match(uri: str) -> None:
    assert UriTemplate("file:///{+path}").match(uri) is None


def test_a_plain_value_is_never_an_absolute_path() -> None:
    assert UriTemplate("file:///docs/{name}").match("file:///docs/%2Fetc") is None


def test_dots_inside_a_name_are_no_climbing() -> None:
    assert UriTemplate("a://{name}").match("a://v1..v2") == {"name": "v1..v2"}


def test_a_uri_that_is_too_long_is_no_match() -> None:
    assert UriTemplate("a://{name}").match("a://" + "x" * MAX_URI_LENGTH) is None


def test_a_hostile_uri_is_refused_fast() -> None:
    template = UriTemplate("a://{+p}/{a}-{b}-{c}.json")
    started = time.thread_time()
    assert template.match("a://" + "/-" * ((MAX_URI_LENGTH - 4) // 2)) is None
    assert time.thread_time() - started < 1


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("orders/{number}", "no absolute URI"),
        ("a://{x", "a brace has no partner"),
        ("a://x}", "a brace has no partner"),
        ("a://{}", "is no variable"),
        ("a://{x:3}", "levels 1 to 3"),
        ("a://{x*}", "levels 1 to 3"),
        ("a://{_x}", "is no variable"),
        ("a://{x}/{x}", "a variable occurs twice"),
        ("a://{x}{y}", "two expressions touch"),
        ("a://{x}{+y}", "two expressions touch"),
        ("a://x{?a}/more", "has to be last"),
        ("a://x{?a}{&b}", "has to be last"),
        ("a://x{#a}/more", "has to be last"),
        ("a://{+a}/x/{+b}", "could each hold the other's slashes"),
        ("a://x{#a,b,c}", "could each hold the other's slashes"),
    ],
)
def test_a_template_that_cannot_be_served_is_refused(template: str, reason: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=reason):
        UriTemplate(template)


def test_a_template_shows_itself() -> None:
    assert repr(UriTemplate("a://{x}")) == "UriTemplate('a://{x}')"
    assert UriTemplate("a://{x}{?y,z}").variables == ("x", "y", "z")
