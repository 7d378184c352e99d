"""Tests of ``manage.py mcp export`` and ``import``."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from mcp_transport.models import Server

pytestmark = pytest.mark.django_db


def mcp(*arguments: str) -> tuple[str, str]:
    """What the command prints, and what it remarks."""
    out, err = io.StringIO(), io.StringIO()
    call_command("mcp", *arguments, stdout=out, stderr=err, no_color=True)
    return out.getvalue(), err.getvalue()


def test_a_file_is_written_and_read(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    mcp("export", str(file))
    assert mcp("export")[0] == file.read_text()
    server.delete()
    out, err = mcp("import", str(file))
    assert out.splitlines()[0] == "+ server main"
    assert '    title: "Main"' in out.splitlines()
    assert err.strip() == "1 change."
    assert Server.objects.get().title == "Main"


def test_a_trial_shows_what_would_be_changed(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    document = json.loads(mcp("export")[0])
    document["servers"][0] |= {"title": "Other", "instructions": "x" * 200}
    file.write_text(json.dumps(document))
    out, err = mcp("import", str(file), "--dry-run")
    lines = out.splitlines()
    assert lines[0] == "~ server main"
    assert lines[2] == '    title: "Main" → "Other"'
    assert lines[1].endswith("… (202 characters)")
    assert err.strip() == "1 change; nothing was changed yet."
    assert Server.objects.get().title == "Main"


def test_what_is_pruned_is_shown(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    file.write_text('{"version": 1}')
    assert mcp("import", str(file))[0] == ""
    assert mcp("import", str(file), "--prune")[0] == "- server main\n"


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"version": 1, "servers": [{"slug": "new"}]}'))
    mcp("import", "-")
    assert Server.objects.get().slug == "new"


def test_a_bad_file_is_an_error_that_says_where(tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    file.write_text('{"version": 1, "servers": [{"slug": "sse"}]}')
    with pytest.raises(CommandError, match=r"servers\[0\]\.slug: 'sse' is reserved"):
        mcp("import", str(file))
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(CommandError, match="no text in UTF-8"):
        mcp("import", str(file))


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        mcp("import", str(tmp_path / "none"))
    with pytest.raises(CommandError, match="cannot be written"):
        mcp("export", str(tmp_path / "none" / "mcp.json"))


def test_a_file_may_begin_as_some_editors_have_it(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    file.write_text('{"version": 1}', encoding="utf-8-sig")
    assert "0 changes" in mcp("import", str(file))[1]
