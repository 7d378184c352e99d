"""
Breaks the code on purpose and sees whether the named test notices.

Each break is a small change of protocol or engine code that goes against one
requirement. It is made in a copy of the tree; only the test that is named for
it runs there, and has to fail. A test has to claim the requirement it is named
for, and all of them have to pass before anything is broken. A few copies are
worked on side by side.

    python scripts/mutation_check.py             # prints a table, fails if a break survives
    python scripts/mutation_check.py ERA-9 HDR-20
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

PROJECT = Path(__file__).resolve().parents[1]
COPIED = ("mcp_transport", "mcpsite", "tests", "tools", "docs", "manage.py", "pyproject.toml")
LIMIT = 120  # seconds for one run
COPIES = 3  # of the tree; a run waits about a third of its time
FAILED = 1  # what pytest returns when tests failed, and nothing else was wrong


@dataclass(frozen=True, slots=True)
class Break:
    """One deliberate mistake, and the test whose requirement it goes against."""

    requirement: str
    mistake: str
    file: str  # below mcp_transport
    old: str
    new: str
    test: str  # below tests/interaction

    def apply(self, tree: Path) -> str:
        """Make the mistake in a tree; what the file said before."""
        path = tree / "mcp_transport" / self.file
        text = path.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise SystemExit(
                f"{self.requirement}: {self.old!r} stands {text.count(self.old)} times in {self.file}."
            )
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")
        return text

    @property
    def node(self) -> str:
        """The test as pytest names it."""
        return f"tests/interaction/{self.test}"


BREAKS = (
    Break(
        "HTTP-14", "nesting has no limit", "protocol/jsonrpc.py",
        "MAX_DEPTH: Final = 64", "MAX_DEPTH: Final = 6400",
        "test_endpoint.py::test_nesting_is_limited_to_64_levels",
    ),
    Break(
        "RPC-1", "null is an id", "protocol/jsonrpc.py",
        "if type(id_) is not str and type(id_) is not int:", "if type(id_) is dict:",
        "test_endpoint.py::test_json_that_is_no_message_is_an_invalid_request",
    ),
    Break(
        "HDR-4", "capitals do not matter in a header's value", "protocol/headers.py",
        "    if found != expected:", "    if found.lower() != expected.lower():",
        "test_headers.py::test_the_method_header_repeats_the_method",
    ),
    Break(
        "HDR-10", "broken base64 is read as far as it goes", "protocol/headers.py",
        "validate=True", "validate=False",
        "test_headers.py::test_broken_base64_is_refused",
    ),
    Break(
        "HDR-16", "numbers are compared as text", "protocol/headers.py",
        "        return bool(_DECIMAL.fullmatch(found)) and int(found.partition(\".\")[0]) == int(value)",
        "        return found == str(value)",
        "test_headers.py::test_whole_numbers_are_compared_as_numbers",
    ),
    Break(
        "HDR-20", "the last of two routing headers counts", "protocol/headers.py",
        "if key in ROUTING or key.startswith(PARAMETER_PREFIX):", "if not key:",
        "test_headers.py::test_a_routing_header_that_stands_twice_is_refused",
    ),
    Break(
        "ERA-9", "a modern header without metadata is taken for a session's", "protocol/routing.py",
        "    if named.is_modern and isinstance(message, Request):\n",
        "    if named.is_modern and isinstance(message, Request):\n        return False\n",
        "test_eras.py::test_a_modern_header_over_a_bare_body_is_malformed",
    ),
    Break(
        "ERA-7", "a handshake leads to a revision without handshakes", "protocol/revisions.py",
        "return REVISIONS[str(requested) if requested in handshakes else handshakes[0]]",
        "return REVISIONS[str(requested) if requested in served else handshakes[0]]",
        "test_eras.py::test_a_handshake_over_anything_else_leads_to_the_newest_session",
    ),
    Break(
        "ERA-14", "titles are sent to clients that know none", "protocol/shaping.py",
        "    shaped = dict(wire)\n    if not revision.has_titles:", "    shaped = dict(wire)\n    if not wire:",
        "test_shaping.py::test_nothing_newer_is_sent_to_an_older_client",
    ),
    Break(
        "ERA-6", "a dropped method is still there", "protocol/methods.py",
        'Method(name="ping", in_modern=False)', 'Method(name="ping")',
        "test_eras.py::test_a_dropped_method_is_unknown_in_the_modern_era",
    ),
    Break(
        "SUB-7", "what lies below a named resource is not told of", "protocol/subscriptions.py",
        '    return uri == subscribed or uri.startswith(subscribed.rstrip("/") + "/")',
        "    return uri == subscribed",
        "test_subscriptions.py::test_a_resource_is_told_of_to_who_named_it_or_something_above",
    ),
    Break(
        "LH-14", "whoever knows a session's id may use it", "engine/conversation.py",
        "            or session.owner != incoming.principal.key\n", "",
        "test_sessions.py::test_another_users_session_is_answered_like_an_unknown_one",
    ),
    Break(
        "SEC-3", "anybody's events are replayed", "engine/conversation.py",
        "if position is None or progress is None or progress.session_id != session.id:",
        "if position is None or progress is None:",
        "test_resumption.py::test_nobody_replays_another_sessions_events",
    ),
    Break(
        "MRTR-8", "state holds for any request", "engine/request_state.py",
        "    if bound != bound_to:", "    if bound is None:",
        "test_mrtr.py::test_state_holds_for_the_request_it_was_made_for",
    ),
    Break(
        "META-7", "who cannot be asked is asked", "engine/back_channel.py",
        "    if lacking:\n        raise MissingClientCapability(lacking)", "    del lacking",
        "test_mrtr.py::test_nobody_is_asked_what_they_did_not_declare",
    ),
    Break(
        "TOOL-15", "what one may not use can be used by its name", "engine/access.py",
        "if found is None or not found[0].is_permitted(exchange.principal):", "if found is None:",
        "test_resources.py::test_a_resource_that_one_may_not_read_is_answered_like_a_missing_one",
    ),
    Break(
        "TOOL-12", "a tool's failure looks like success", "engine/tools.py",
        "        result = ToolResult(content=(Text(str(error)), *error.content), is_error=True)",
        "        result = ToolResult(content=(Text(str(error)), *error.content))",
        "test_tools.py::test_a_tools_own_failure_is_told_to_the_model",
    ),
    Break(
        "CMP-2", "every value that there is comes", "engine/completion.py",
        "MAX_VALUES = 100 ", "MAX_VALUES = 1000 ",
        "test_completion.py::test_at_most_a_hundred_values_come",
    ),
    Break(
        "LC-11", "a session's call cannot be cancelled", "engine/work.py",
        "        if work is not None:\n            work.cancel()\n        return work is not None",
        "        return work is not None",
        "test_cancellation.py::test_a_session_cancels_a_call_by_saying_so",
    ),
    Break(
        "CACHE-2", "what differs between users may be kept for all", "engine/stateless.py",
        'return exchange.services.cache_ttl_ms, "public" if is_same_for_all else "private"',
        'return exchange.services.cache_ttl_ms, "public"',
        "test_caching.py::test_what_differs_between_users_is_kept_by_each_for_themselves",
    ),
    Break(
        "LC-4", "what a session declared is forgotten", "engine/conversation.py",
        "            revision=session.revision,\n            capabilities=session.client_capabilities,",
        "            revision=session.revision,\n            capabilities={},",
        "test_lifecycle.py::test_what_a_session_declared_holds_for_all_its_calls",
    ),
    Break(
        "BAT-7", "requests of an array may share an id", "engine/conversation.py",
        "    if len(ids) != len(requests):", "    if not ids:",
        "test_batches.py::test_two_requests_of_an_array_cannot_share_an_id",
    ),
)  # fmt: skip


def main(wanted: Sequence[str]) -> int:
    """Make every break, or those that are asked for; how many survived."""
    breaks = [one for one in BREAKS if not wanted or one.requirement in wanted]
    check_claims(breaks)
    with copied_tree() as tree:
        if run(tree, [one.node for one in breaks]) != 0:
            raise SystemExit("A named test fails before anything is broken.")
        survivors = sum(not caught for caught in every_verdict(tree, breaks))
    print(f"\n{len(breaks) - survivors} of {len(breaks)} breaks were caught.")
    return survivors


def every_verdict(tree: Path, breaks: Sequence[Break]) -> Iterator[bool]:
    """Whether each break is caught, in their order; told as it is known."""
    free: SimpleQueue[Path] = SimpleQueue()
    for copy in copies_of(tree):
        free.put(copy)

    def verdict_on(one: Break) -> int:
        copy = free.get()
        try:
            return verdict(copy, one)
        finally:
            free.put(copy)

    with ThreadPoolExecutor(COPIES) as pool:
        for one, found in zip(breaks, pool.map(verdict_on, breaks), strict=True):
            tell(one, found)
            yield found == FAILED


def check_claims(breaks: Sequence[Break]) -> None:
    """Refuse a test that does not claim the requirement it is named for."""
    for one in breaks:
        file, _, name = one.test.partition("::")
        source = (PROJECT / "tests" / "interaction" / file).read_text(encoding="utf-8")
        claimed = re.search(
            rf"@covers\(([^)]*)\)(?:\n@[^\n]*|\n[^@a][^\n]*)*\n(?:async )?def {name}\(", source
        )
        if claimed is None or f'"{one.requirement}"' not in claimed[1]:
            raise SystemExit(f"{name} does not claim {one.requirement}.")


def verdict(tree: Path, one: Break) -> int:
    """What pytest returns with the break, which is then undone."""
    before = one.apply(tree)
    try:
        return run(tree, [one.node])
    finally:
        (tree / "mcp_transport" / one.file).write_text(before, encoding="utf-8")


def tell(one: Break, found: int) -> None:
    """Print a row of the table."""
    word = "caught" if found == FAILED else f"SURVIVED ({found})"
    print(
        f"| {one.requirement} | {one.mistake} | `{one.file}` | `{one.test.partition('::')[2]}` | {word} |",
        flush=True,
    )


def run(tree: Path, tests: Sequence[str]) -> int:
    """Run tests in a tree; what pytest returns."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=LIMIT)
    if done.returncode > FAILED:
        print(done.stdout[-2000:], done.stderr[-2000:])
    return done.returncode


@contextmanager
def copied_tree() -> Iterator[Path]:
    """A copy of everything that the tests need, in a folder where there is room for more."""
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        tree = Path(folder) / "0"
        tree.mkdir()
        for name in COPIED:
            source = PROJECT / name
            if source.is_dir():
                shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, tree / name)
        yield tree


def copies_of(tree: Path) -> Iterator[Path]:
    """The tree and its copies, with what Python has compiled by now."""
    yield tree
    for number in range(1, COPIES):
        yield Path(shutil.copytree(tree, tree.parent / str(number)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
