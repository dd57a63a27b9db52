"""What a migration must not do to a table that grows with traffic: hold up its readers and writers while it works."""

import re
from collections.abc import Iterator

from store.migrate import OUTSIDE_TRANSACTION
from store.schema.statements import split, without_literals

SMALL_TABLES = {
    *("accounts", "plans", "plan_channels", "plan_gateways", "api_keys", "wallets", "keyword_sets"),
    *("gateways", "gateway_shares", "gateway_slots", "gateway_breakers", "gateway_activity"),
    *("callback_endpoints", "install_settings", "applied_objects", "workers", "slowdowns", "schema_migrations"),
    "automations",
}
"""Tables with a row for each thing that people set up. Every other one is taken for one that grows with traffic."""

_NAME = r'(?P<table>[\w."]+)'
_INDEX = re.compile(rf"create (?:unique )?index (?!concurrently ).*?\bon (?:only )?{_NAME}")
_ALTER = re.compile(rf"alter table (?:if exists )?(?:only )?{_NAME} (?P<actions>.*)")
_CREATE = re.compile(rf"create (?:unlogged )?table (?:if not exists )?{_NAME}")
_ROWS = re.compile(r"(with|insert|update|delete|merge|truncate|create (unlogged )?table \S+ as|create materialized)\b")
_TABLES = re.compile(rf"\b(?:from|join|into|update|using|truncate(?: table)?) (?:only )?{_NAME}")
_OPAQUE = re.compile(r"(do|call|select|execute)\b")
_HEAVY = re.compile(r"(lock|cluster|vacuum|reindex|refresh)\b")
_NEW_COLUMN = re.compile(
    r"add (column )?(if not exists )?(?!constraint|check|foreign|primary|unique|exclude|not null)\w"
)
_CONSTANT = re.compile(r"default (''|-?\d[\d.]*|true|false|null|now\(\)|current_timestamp)(::[\w\[\]]+)?( not null)?$")

_NEEDS_VALIDATION = re.compile(r"add (constraint \S+ )?(check|foreign key|not null)")
_BUILDS_INDEX = re.compile(r"add (constraint \S+ )?(primary key|unique|exclude)")
_REWRITES = re.compile(
    r"alter (column )?\S+ ((set data )?type|set expression)\b|set (logged|unlogged|tablespace|access method)\b"
)


def blocking(text: str) -> list[str]:
    """What this migration file does that takes long on a big table and blocks others meanwhile."""
    alone = text.startswith(OUTSIDE_TRANSACTION)
    small = set(SMALL_TABLES)
    problems = []
    for statement in map(without_literals, split(text)):
        if made := _CREATE.match(statement):
            small.add(made["table"])
        problems += [f"{problem}: {statement}" for problem in _of_statement(statement, small, alone)]
    return problems


def _of_statement(statement: str, small: set[str], alone: bool) -> Iterator[str]:
    if _OPAQUE.match(statement) or _HEAVY.match(statement):
        yield "nobody can see how long this takes, or it locks a whole table"
    if (index := _INDEX.match(statement)) and index["table"] not in small:
        yield "builds an index without concurrently"
    if " index concurrently " in statement and not alone:
        yield f"must stand in a file that begins with '{OUTSIDE_TRANSACTION}'"
    if _ROWS.match(statement) and {found["table"] for found in _TABLES.finditer(statement)} - small:
        yield "reads or writes the rows of a big table in one go"
    if (alter := _ALTER.match(statement)) and alter["table"] not in small:
        for action in _actions(alter["actions"]):
            yield from _of_action(action, alone)


def _actions(text: str) -> list[str]:
    """What one ALTER TABLE does: the parts between its commas, but for those in brackets."""
    depth, parts = 0, [""]
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def _of_action(action: str, alone: bool) -> Iterator[str]:
    if _NEEDS_VALIDATION.match(action) and not action.endswith("not valid"):
        yield "adds a constraint without not valid, which checks all rows"
    if _BUILDS_INDEX.match(action) and " using index " not in action:
        yield "builds an index under an exclusive lock: use a unique index built concurrently"
    if action.startswith("validate constraint") and not alone:
        yield f"must stand in a file that begins with '{OUTSIDE_TRANSACTION}'"
    if _REWRITES.match(action):
        yield "rewrites the table"
    if re.match(r"alter (column )?\S+ set not null", action):
        yield "checks all rows: add a not null constraint as not valid, and validate it in a file of its own"
    if _NEW_COLUMN.match(action):
        if re.search(r"\b(check|references|unique|primary key)\b", action):
            yield "adds a column with a constraint, which checks all rows"
        if re.search(r"\b(generated|(big|small)?serial)\b", action):
            yield "adds a column that must be computed for each row"
        if " default " in action and not _CONSTANT.search(action):
            yield "adds a column with a default that differs from row to row, or stands before more than not null"
