"""Rules of the project: determinism of workflows, SQL only in the store, provider traffic only in gateways."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.house_rules import (
    HTTP_LIBRARIES,
    PACKAGES,
    ROOT,
    imports_in,
    loose_fields_in,
    nondeterminism_in,
    sources,
    sql_in,
)

MOST_MODULES = 13
LARGE_FOLDERS = {
    "bench": "tools that the benchmark alone uses, a page each",
    "bench/steps": "a module for each subject that is measured",
    "cli": "a module for each command",
    "gateways/email": "a module for each provider",
    "gateways/whatsapp": "a module for each provider",
}
"""Folders with more modules, and why."""
HTTP_ELSEWHERE = {"services/benchmark/client.py"}  # asks the install's own API
SQL_ELSEWHERE = {"embedded/postgres.py"}  # makes the database that the store then lives in


def ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@pytest.mark.parametrize("path", sources("workflows"), ids=ids)
def test_workflow_code_does_the_same_on_replay(path: Path):
    assert list(nondeterminism_in(tree(path))) == []


@pytest.mark.parametrize("path", sources("workflows", "activities"), ids=ids)
def test_temporals_loggers_get_no_keyword_fields(path: Path):
    assert list(loose_fields_in(tree(path))) == []


def test_only_the_store_holds_sql():
    found = {ids(path): lines for path in sources(*PACKAGES) if (lines := list(sql_in(tree(path))))}
    assert {name for name in found if not name.startswith("store/")} == SQL_ELSEWHERE


def test_a_folder_holds_about_a_dozen_modules():
    counts = Counter(ids(path.parent) for path in sources(*PACKAGES, "bench", "phones") if path.name != "__init__.py")
    assert {folder for folder, count in counts.items() if count > MOST_MODULES} == set(LARGE_FOLDERS)


def test_only_gateways_speak_to_providers():
    found = {ids(path) for path in sources(*PACKAGES) for _, name in imports_in(tree(path)) if name in HTTP_LIBRARIES}
    assert {name for name in found if not name.startswith("gateways/")} == HTTP_ELSEWHERE


@pytest.mark.parametrize(
    "code",
    [
        "import random",
        "from secrets import token_hex",
        "from uuid import uuid4",
        "now = datetime.now(UTC)",
        "at = time.time()",
        "for index in {1, 2}: pass",
        "x = [i for i in set(y)]",
    ],
)
def test_the_rule_of_determinism_sees(code: str):
    assert list(nondeterminism_in(ast.parse(code)))


@pytest.mark.parametrize("code", ["at = workflow.time()", "for i in sorted({1, 2}): pass", "from uuid import UUID"])
def test_the_rule_of_determinism_passes(code: str):
    assert list(nondeterminism_in(ast.parse(code))) == []


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("q = 'select 1 from x'", True),
        ("q = f'''\n  UPDATE messages m SET {x}'''", True),
        ("q = 'delete from wallets'", True),
        ("q = 'with a as (select 1) select 2'", True),
        ("def f():\n    '''select one from many'''", False),
        ("q = 'select a plan'", False),
        ("q = 'update the gateway'", False),
    ],
)
def test_the_rule_of_sql_tells_it_from_prose(code: str, seen: bool):
    assert bool(list(sql_in(ast.parse(code)))) is seen


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("workflow.logger.info('sent', size=3)", True),
        ("activity.logger.warning('x', **fields)", True),
        ("workflow.logger.info('sent %s', 3, exc_info=True)", False),
        ("log.info('sent', size=3)", False),
    ],
)
def test_the_rule_of_loggers_sees_keyword_fields(code: str, seen: bool):
    assert bool(list(loose_fields_in(ast.parse(code)))) is seen
