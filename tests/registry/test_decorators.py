"""The decorators: they register, and leave the function alone."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

import mcp_transport
from mcp_transport import prompt, resource, tool
from mcp_transport.registry.registry import Registry, registry


def test_a_decorated_function_is_still_the_function() -> None:
    def echo(text: str) -> str:
        return text

    own = Registry()
    assert tool(registry=own)(echo) is echo
    assert resource("a://{text}", registry=own)(echo) is echo
    assert prompt(registry=own)(echo) is echo
    assert echo("a") == "a"


def test_decorators_need_no_parentheses() -> None:
    with registry.registered_temporarily():

        @tool
        def a_tool_of_the_tests() -> None:
            """Do nothing."""

        @prompt
        def a_prompt_of_the_tests() -> str:
            """Say nothing."""
            return ""

        assert registry.tools["a_tool_of_the_tests"].function.call is a_tool_of_the_tests
        assert registry.prompts["a_prompt_of_the_tests"].function.call is a_prompt_of_the_tests
    assert "a_tool_of_the_tests" not in registry.tools


def test_a_registry_of_ones_own_can_be_named() -> None:
    own = Registry()

    @tool(registry=own, name="first", read_only=True)
    def one() -> None:
        """Do nothing."""

    @resource("a://fixed", registry=own, size=3)
    def two() -> str:
        """Be read."""
        return "abc"

    @resource("a://{x}", registry=own)
    def three(x: str) -> str:
        """Be read."""
        return x

    @prompt(registry=own, title="Fourth")
    def four() -> str:
        """Say nothing."""
        return ""

    assert list(own.tools) == ["first"]
    assert own.resources["a://fixed"].size == 3
    assert list(own.templates) == ["a://{x}"]
    assert own.prompts["four"].title == "Fourth"


def test_a_mistake_is_raised_where_it_is_written() -> None:
    with pytest.raises(ImproperlyConfigured, match="the name 'two words'"):

        @tool(registry=Registry(), name="two words")
        def wrong() -> None:
            """Have a wrong name."""


def test_the_package_exports_what_it_says() -> None:
    for name in mcp_transport.__all__:
        assert getattr(mcp_transport, name) is not None


def test_the_package_can_be_imported_before_the_apps_are_ready() -> None:
    code = (
        "from mcp_transport import tool\n"
        "@tool\n"
        "def early() -> str: ...\n"
        "from django.apps import apps\n"
        "assert not apps.apps_ready\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=100)
