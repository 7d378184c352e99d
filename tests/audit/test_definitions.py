"""Tests of mcp_transport.audit.definitions."""

from __future__ import annotations

import pytest

from mcp_transport.audit.definitions import newest_definitions, record_definitions
from mcp_transport.models import PublishedDefinition, Server

PAY = ("tool", "pay")


def numbers() -> list[tuple[str, int]]:
    """What is kept, oldest first."""
    return list(PublishedDefinition.objects.values_list("name", "number"))


def test_a_definition_is_kept_when_it_differs_from_the_last(server: Server) -> None:
    assert record_definitions(server.pk, [(PAY, {"name": "pay", "title": "Pay"})]) == 1
    assert record_definitions(server.pk, [(PAY, {"title": "Pay", "name": "pay"})]) == 0
    assert record_definitions(server.pk, [(PAY, {"name": "pay", "title": "Give"})]) == 1
    assert record_definitions(server.pk, [(PAY, {"name": "pay", "title": "Pay"})]) == 1
    assert numbers() == [("pay", 1), ("pay", 2), ("pay", 3)]
    assert newest_definitions(server.pk).get().value["title"] == "Pay"


def test_entries_and_servers_are_kept_apart(server: Server) -> None:
    other = Server.objects.create(slug="other")
    for row in (server, other):
        record_definitions(row.pk, [(PAY, {"name": "pay"}), (("prompt", "pay"), {"name": "p"})])
    assert PublishedDefinition.objects.count() == 4


def test_a_name_that_is_cut_is_known_again(server: Server) -> None:
    key = ("template", f"shop://{'x' * 600}/{{code}}")
    assert record_definitions(server.pk, [(key, {"name": "a"})]) == 1
    assert record_definitions(server.pk, [(key, {"name": "a"}), (PAY, {"name": "pay"})]) == 1
    assert record_definitions(server.pk, [(key, {"name": "b"})]) == 1


@pytest.mark.django_db(transaction=True)
def test_a_server_that_is_gone_is_no_failure() -> None:
    assert record_definitions(4711, [(PAY, {"name": "pay"})]) in (0, 1)


def test_two_queries_do_for_any_number_of_entries(
    server: Server, django_assert_max_num_queries: object
) -> None:
    published = [(("tool", f"t{n}"), {"name": f"t{n}"}) for n in range(100)]
    with django_assert_max_num_queries(5):  # type: ignore[operator]  # a pytest-django fixture
        record_definitions(server.pk, published)
