"""What commands print of what others wrote, and where they take secrets from."""

import io
import json
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import pytest
import structlog
from rich.progress import Progress

from cli.batch_bar import BatchBar
from cli.options import json_object
from cli.output import emit, fail
from domain.errors import InvalidError
from runtime.logs import configure_logs

HOSTILE = "a\x1b]0;owned\x07b\x9b31m\u202egpj.exe\u2066\rz"


@dataclass
class Row:
    name: str
    tags: list[str]


ROW = Row(HOSTILE, [HOSTILE, "two\nlines"])


def is_harmless(text: str) -> bool:
    return all(line.isprintable() for line in text.removesuffix("\n").split("\n"))


@pytest.mark.parametrize("value", [[ROW], ROW, {"name": HOSTILE, "inner": {HOSTILE: ROW}}])
@pytest.mark.parametrize("as_json", [True, False])
def test_a_result_moves_no_cursor(capsys, value, as_json):
    emit(value, as_json)
    printed = capsys.readouterr().out
    assert is_harmless(printed)
    assert "u001b" in printed


def test_json_is_one_line_and_loses_nothing(capsys):
    emit(ROW, as_json=True)
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert json.loads(printed) == {"name": HOSTILE, "tags": ROW.tags}


def test_ids_stay_in_one_piece_to_be_copied(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    id_ = str(uuid4())
    emit([{"id": id_, "one": "long text " * 9, "two": "long text " * 9, "three": "x" * 90}], as_json=False)
    assert id_ in capsys.readouterr().out


@pytest.mark.parametrize("as_json", [True, False])
def test_an_error_moves_no_cursor(capsys, as_json):
    fail(f"There is no gateway {HOSTILE}.\nSecond line.", as_json)
    printed = capsys.readouterr().err
    assert is_harmless(printed)
    assert "u001b" in printed


@pytest.mark.parametrize("as_json", [True, False])
def test_a_line_of_the_log_moves_no_cursor(monkeypatch, as_json):
    lines = io.StringIO()
    monkeypatch.setattr(sys, "stderr", lines)
    root = logging.getLogger()
    before, logs = (root.handlers[:], root.level), structlog.get_config()
    try:
        configure_logs("INFO", as_json)
        try:
            raise ValueError(HOSTILE)
        except ValueError:
            logging.getLogger("test").exception("a provider said %s", HOSTILE)
    finally:
        structlog.configure(**logs)
        root.handlers[:], level = before
        root.setLevel(level)
    written = lines.getvalue()
    assert is_harmless(written)
    assert "u001b" in written
    assert "Traceback" in written


def test_a_gateways_name_is_no_markup_for_the_bar():
    bar = BatchBar(shown=False)
    progress: Progress = bar._progress
    [details] = [column for column in progress.columns if "details" in getattr(column, "text_format", "")]
    task = SimpleNamespace(fields={"details": "waits for x of [red][link=https://evil.example]y"})
    assert str(details.render(task)) == "waits for x of [red][link=https://evil.example]y"  # type: ignore[attr-defined]


def test_a_configuration_comes_from_the_command_line_a_file_or_standard_input(tmp_path: Path, monkeypatch):
    file = tmp_path / "config.json"
    file.write_text('{"password": "sesame"}')
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(file.read_bytes())))
    for text in (file.read_text(), f"@{file}", "-"):
        assert json_object(text, "--config-json") == {"password": "sesame"}


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[]", b"", b"{" * 2_000_000])
def test_a_file_without_a_configuration_is_refused(tmp_path: Path, content):
    file = tmp_path / "config.json"
    file.write_bytes(content)
    with pytest.raises(InvalidError):
        json_object(f"@{file}", "--config-json")


@pytest.mark.parametrize("name", ["none.json", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name):
    with pytest.raises(InvalidError, match="cannot be read"):
        json_object(f"@{tmp_path / name}", "--config-json")
