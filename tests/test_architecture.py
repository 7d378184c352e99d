"""What holds for the project as a whole: who imports whom, and that everything has its test."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
PACKAGE = PROJECT / "mcp_transport"
TESTS = PROJECT / "tests"

MODULES = [
    path.relative_to(PACKAGE)
    for path in sorted(PACKAGE.rglob("*.py"))
    if "migrations" not in path.parts and path.name != "__init__.py"
]
PACKAGES = [path.parent for path in sorted(PACKAGE.rglob("__init__.py"))]

# Modules, or whole folders, without a test file of the same name, and what tests them instead.
TESTED_ELSEWHERE = {
    "admin/clients.py": "tests/admin/test_server_pages.py and test_tokens.py, as pages show it",
    "admin/entry_list.py": "tests/admin/test_server_pages.py, as the page shows it",
    "admin/filter_form.py": "tests/admin/test_server_pages.py, test_tokens.py and test_calls.py, as pages show it",
    "admin/viewpoint.py": "tests/admin/test_server_pages.py, as the page shows it",
    "admin/override_form.py": "tests/admin/test_entry_page.py, as it is sent",
    "admin/token_form.py": "tests/admin/test_tokens.py, as it is sent",
    "admin/token_pages.py": "tests/admin/test_tokens.py, as the pages show it",
    "admin/token_state.py": "tests/admin/test_tokens.py, as the list says it",
    "admin/server_form.py": "tests/admin/test_servers.py, as it is sent",
    "admin/action_pages.py": "tests/admin/test_actions.py",
    "admin/activity.py": "declarations without a line that decides; tests/admin",
    "admin/first_steps.py": "tests/admin/test_overview.py",
    "admin/overview_parts.py": "tests/admin/test_overview.py",
    "admin/forms/": "through whole forms: tests/admin/forms/test_encoding.py and test_form.py",
    "admin/trying/": "a run as it is, and as a browser sees it: tests/admin/trying",
    "api/document.py": "declarations; tests/api/test_schema.py",
    "api/documenting.py": "tests/api/test_schema.py",
    "api/filtering.py": "tests/api/test_calls.py",
    "api/pages.py": "tests/api/test_calls.py",
    "api/serializers.py": "tests/api/test_servers.py, and each file of tests/api has its bad input",
    "api/urls.py": "every file of tests/api asks by address",
    "api/views.py": "tests/api/test_permissions.py and test_servers.py",
    "admin/record_form.py": "tests/admin/test_calls.py and test_actions.py",
    "admin/call_form.py": "tests/admin/test_calls.py",
    "admin/call_pages.py": "tests/admin/test_calls.py",
    "admin/exporting.py": "tests/admin/test_calls.py and test_actions.py",
    "admin/looking.py": "tests/admin/test_calls.py",
    "admin/session_list.py": "tests/admin/test_sessions.py",
    "admin/task_pages.py": "tests/admin/test_tasks.py",
    "admin/timeline.py": "tests/admin/test_sessions.py",
    "apps.py": "what is ready at start; tests/checks and tests/registry/test_discovery.py",
    "audit/search.py": "tests/admin/test_calls.py and test_actions.py",
    "auth/digests.py": "tests/auth/test_bearer.py, as the tokens of the site's own are looked up",
    "bus/base.py": "an abstract class",
    "bus/link.py": "an abstract class",
    "bus/memory.py": "tests/interaction/test_subscriptions.py",
    "bus/postgresql.py": "tests/bus/test_database.py, as a bus uses it",
    "bus/sqlite.py": "tests/bus/test_database.py, as a bus uses it",
    "tasks/": "through the front door: tests/interaction/test_tasks.py",
    "testing/long_call.py": "tests/testing/test_client.py",
    "models/task.py": "through the front door: tests/interaction/test_tasks.py",
    "engine/": "through the front door, at every revision: tests/interaction",
    "changes.py": "docs/samples/profiles/test_profiles.py, as a site uses it",
    "worker/lifespan.py": "tests/interaction/conftest.py starts and stops it around every test",
    "management/commands/mcp.py": "tests/management/test_mcp.py",
    "management/subcommands/": "as they are typed: tests/management",
    "models/rows_changed.py": "a signal; tests/test_receivers.py",
    "nchan/answers.py": "tests/nchan/test_publisher.py, as an nginx answers",
    "oauth/addresses.py": "tests/oauth/test_views.py, as metadata names them",
    "oauth/announcing.py": "tests/oauth/test_authenticator.py",
    "oauth/apps.py": "what is ready at start; tests/oauth/test_views.py",
    "oauth/clients.py": "tests/oauth/test_views.py and test_documents.py, as clients register",
    "oauth/models.py": "tests/oauth/test_views.py and test_authenticator.py, as tokens are used",
    "oauth/server.py": "tests/oauth/test_views.py",
    "oauth/urls.py": "every file of tests/oauth asks by address",
    "oauth/validator.py": "tests/oauth/test_views.py and test_consent.py",
    "registry/problems.py": "tests/registry/test_signature.py and test_checking.py, as they are raised",
    "routing.py": "tests/interaction/test_endpoint.py",
    "models/rollup.py": "columns; tests/audit/test_buckets.py",
    "models/search_progress.py": "columns; tests/audit/test_words.py",
    "models/placeholder.py": "models without a table; tests/admin",
    "sessions/history.py": "tests/transports/test_rest_sessions.py",
    "sessions/store.py": "tests/interaction/test_sessions.py",
    "sources/openapi/operations.py": "records; tests/sources/openapi/test_building.py",
    "sources/apps.py": "tests/interaction/test_tools.py, test_resources.py and test_prompts.py",
    "sources/foreign/conversation.py": "tests/sources/stdio/test_conversation.py",
    "sources/foreign/errors.py": "exceptions; tests/sources/stdio/test_pool.py",
    "sources/foreign/hearing.py": "tests/sources/stdio/test_source.py",
    "sources/foreign/keeping.py": "tests/sources/stdio/test_source.py",
    "sources/foreign/listing.py": "tests/sources/stdio/test_source.py",
    "sources/foreign/origin.py": "tests/sources/foreign/test_definitions.py",
    "sources/foreign/peer.py": "tests/sources/stdio/test_child.py",
    "sources/foreign/pool.py": "tests/sources/stdio/test_pool.py",
    "sources/foreign/source.py": "tests/sources/stdio/test_source.py",
    "sources/foreign/configuration.py": "tests/sources/stdio/test_configuration.py",
    "streams/": "tests/interaction/test_resumption.py and test_subscriptions.py",
    "templatetags/": "as pages use them: tests/admin",
    "testing/": "tests/testing, and every test in tests/interaction speaks through it",
    "transports/endpoint.py": "tests/transports/test_streamable_http.py",
    "transports/http_sse.py": "tests/interaction/test_http_sse.py",
    "transports/refusing.py": "tests/transports/test_streamable_http.py and test_socket_endpoint.py",
    "transports/plain_endpoint.py": "tests/transports/test_rest.py",
    "transports/tickets.py": "tests/interaction/test_websocket_upgrade.py",
    "transports/tool_calls.py": "tests/transports/test_rest.py and test_tool_socket.py",
    "transports/websocket.py": "tests/interaction/test_websocket.py",
    "transports/worker.py": "the shape of what a transport is given",
    "version.py": "one string",
}
VAGUE = {"common", "helper", "helpers", "manager", "misc", "util", "utils"}
MOST_LINES = {PACKAGE: 500, TESTS: 800}


def test_modules_import_only_what_stands_below_them() -> None:
    # In a process of its own: it configures logging, which silences the loggers of later tests.
    lint = "from importlinter.cli import lint_imports_command as lint; lint()"
    command = [sys.executable, "-c", lint, "--no-cache", "--no-logo"]
    ran = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=100)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def imported(path: Path) -> Iterator[str]:
    """The modules that a file names in its imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_no_transport_reaches_for_the_database() -> None:
    # The contracts cannot tell one part of Django from another.
    reaching = [
        path.name
        for path in sorted((PACKAGE / "transports").rglob("*.py"))
        if any(name == "django.db" or name.startswith("django.db.") for name in imported(path))
    ]
    assert reaching == []


def test_an_app_can_register_tools_before_django_is_ready() -> None:
    code = (
        "import sys\n"
        "from mcp_transport import Context, ToolError, prompt, resource, tool\n"
        "@tool\n"
        "async def echo(ctx: Context, text: str) -> str:\n"
        "    return text\n"
        "assert 'mcp_transport.models' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, env={}, check=True, timeout=100)


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_is_tested_where_it_is_looked_for(module: Path) -> None:
    mirror = TESTS / module.parent / f"test_{module.name}"
    folders = [f"{parent}/" for parent in module.parents]
    is_excused = any(name in TESTED_ELSEWHERE for name in (str(module), *folders))
    assert mirror.exists() or is_excused, f"{mirror.relative_to(PROJECT)} is missing."


@pytest.mark.parametrize("name", TESTED_ELSEWHERE)
def test_what_is_tested_elsewhere_exists(name: str) -> None:
    assert (PACKAGE / name).exists()


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_package_says_what_it_knows(package: Path) -> None:
    if package.name == "migrations":
        return
    assert ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8")))


def test_modules_have_names_that_say_something() -> None:
    assert [str(module) for module in MODULES if module.stem in VAGUE] == []


@pytest.mark.parametrize("root", MOST_LINES, ids=lambda path: path.name)
def test_files_are_short_enough_to_be_read(root: Path) -> None:
    long = [
        str(path.relative_to(PROJECT))
        for path in sorted(root.rglob("*.py"))
        if len(path.read_text(encoding="utf-8").splitlines()) > MOST_LINES[root]
        and path.parent.name != "migrations"  # which Django writes
    ]
    assert long == []
