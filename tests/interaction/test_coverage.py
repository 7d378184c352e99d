from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import tests.interaction
from tests.interaction.requirements import REQUIREMENTS, ROWS


def modules() -> Iterator[ModuleType]:
    for module in pkgutil.iter_modules(tests.interaction.__path__):
        if module.name.startswith("test_"):
            yield importlib.import_module(f"tests.interaction.{module.name}")


TESTS: dict[tuple[str, str], Any] = {
    (module.__name__, name): value
    for module in modules()
    for name, value in vars(module).items()
    if name.startswith("test_") and callable(value) and value.__module__ == module.__name__
}
CLAIMS = {key: getattr(test, "covered_requirements", ()) for key, test in TESTS.items()}
CLAIMED = {requirement for claims in CLAIMS.values() for requirement in claims}
NAMES = {name for _module, name in TESTS}


def test_every_requirement_stands_in_the_table_once() -> None:
    assert len(ROWS) == len(REQUIREMENTS)


def test_every_requirement_says_where_it_comes_from_and_what_it_is() -> None:
    for row in ROWS:
        assert row.link.startswith("https://modelcontextprotocol.io/"), row.id
        assert row.behaviour.endswith("."), row.id
        assert row.revisions, row.id


def test_every_tested_requirement_has_a_test() -> None:
    tested = {row.id for row in ROWS if row.state == "tested"}
    assert sorted(tested - CLAIMED) == []


def test_every_claim_is_a_requirement_that_exists() -> None:
    assert sorted(CLAIMED - set(REQUIREMENTS)) == []


def test_no_planned_requirement_is_claimed() -> None:
    planned = {row.id for row in ROWS if row.state == "planned"}
    assert sorted(planned & CLAIMED) == []


def test_every_planned_requirement_has_a_test_that_it_is_not_promised() -> None:
    missing = {row.absence for row in ROWS if row.state == "planned"} - NAMES
    assert sorted(missing) == []


def test_every_interaction_test_claims_something() -> None:
    absences = {row.absence for row in ROWS}
    unclaimed = [
        name
        for (module, name), claims in CLAIMS.items()
        if not claims and name not in absences and module != __name__
    ]
    assert sorted(unclaimed) == []
