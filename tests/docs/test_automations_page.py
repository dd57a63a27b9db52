"""The page about automations cannot fall behind the code."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from domain.automations.definition import limits
from domain.automations.entries import Reason
from domain.automations.mapping import USUAL
from domain.automations.schema import BEYOND, flow_schema

PAGE = (Path(__file__).parents[2] / "docs" / "automations.md").read_text()
SCHEMA = flow_schema()
_CODE = re.compile(r'(?:notes\.add|FieldError)\(.*?, "(\w+)"|(?:InvalidError|notes\.add\(at,)[( ]"(\w+)"')
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


def test_every_reason_of_a_refusal_is_documented_in_its_order():
    table = PAGE.split("## Who enters")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(get_args(Reason))
    assert f"more than {limits.MAX_HOPS} automations" in table


def test_names_of_bodies_without_a_map_are_documented():
    text = PAGE.split("## What a webhook got")[1].split("\n## ")[0]
    names = ["email", "phone", "whatsapp", "external_id", *USUAL.fields]
    assert [name for name in names if f"`{name}`" not in text] == []


def test_every_code_of_automations_is_documented():
    text = "".join(path.read_text() for path in Path("domain/automations").rglob("*.py"))
    found = _CODE.findall(text)
    codes = {code for pair in found for code in pair if code}
    assert {"step_unreachable", "step_id_reused", "wait_until", "member_unknown"} <= codes
    assert [code for code in sorted(codes) if f"`{code}`" not in PAGE] == []
