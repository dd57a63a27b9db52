"""The page about automations cannot fall behind the code."""

from pathlib import Path
from typing import Any

import pytest

from domain.automations.definition import limits
from domain.automations.schema import BEYOND, flow_schema

PAGE = (Path(__file__).parents[2] / "docs" / "automations.md").read_text()
SCHEMA = flow_schema()
COMMON = {"id", "kind", "name", "note", "if", "disabled", "on_error"}


def rows(title: str) -> dict[str, str]:
    table = PAGE.split(f"## {title}\n")[1].split("\n## ")[0]
    found = {}
    for line in table.splitlines():
        if line.startswith("| `"):
            names, _, rest = line.strip("| ").partition(" |")
            found.update(dict.fromkeys((name.strip("` ") for name in names.split(",")), rest))
    return found


def kinds(name: str) -> list[tuple[str, dict[str, Any]]]:
    rules = SCHEMA["$defs"][name]["allOf"]
    return [(rule["if"]["properties"]["kind"]["const"], rule["then"]["properties"]) for rule in rules]


@pytest.mark.parametrize(
    ("title", "kind", "members"),
    [
        *(("Steps", *kind) for kind in kinds("step")),
        *(("Triggers", *kind) for kind in kinds("trigger")),
    ],
)
def test_every_member_of_every_kind_is_documented(title, kind, members):
    row = rows(title)[kind]
    common = COMMON if title == "Steps" else {"kind"}
    assert [name for name in members if name not in common and f"`{name}`" not in row] == []


def test_every_member_of_the_whole_is_documented():
    table = PAGE.split("## The whole")[1].split("\n## ")[0]
    assert [name for name in SCHEMA["properties"] if f"`{name}`" not in table] == []


def test_every_fault_beyond_the_schema_is_documented():
    faults = PAGE.split("## Faults")[1]
    assert [code for code in sorted(BEYOND) if f"`{code}`" not in faults and not code.startswith("condition_")] == []


def test_the_limits_are_those_of_the_code():
    table = PAGE.split("## Limits")[1].split("\n## ")[0]
    whole = (
        f"{limits.MAX_BYTES // 1024} kB, {limits.MAX_STEPS} steps, {limits.MAX_IN_LIST} in one list, "
        f"{limits.MAX_DEPTH} lists in each other, {limits.MAX_ARMS} arms, {limits.MAX_TRIGGERS} triggers"
    )
    assert whole in table
    assert f"{limits.MAX_MARKUP} characters" in table
    assert f"{limits.MAX_WAIT.days} days" in table
    assert f"{limits.MAX_RUN.days} days" in table
    assert f"{limits.MAX_CALL.seconds} seconds" in table
    assert f"{limits.MAX_EVENT_DATA // 1024} kB, {limits.MAX_VARS // 1024} kB" in table
    assert f"| {limits.MAX_HOPS} |" in table
    assert f"| {limits.ENTRIES_PER_HOUR}, unless" in table
