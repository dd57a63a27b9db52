"""What to do about an error, as ``docs/errors.md`` says it for each code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from markupsafe import Markup

from panel.help.library import documents
from panel.help.rendering import inline

_PAGE = "errors"
_CODE = re.compile(r"`([a-z0-9_]+)`")
_STATUS = re.compile(r"\d{3}")


@dataclass(frozen=True, slots=True)
class Remedy:
    """An error, and what to do about it."""

    status: str
    code: str
    todo: Markup


def remedy_of(status: str, code: str) -> Remedy:
    """What is said of a code; nothing of one that the page does not have."""
    return _remedies().get((status, code), Remedy(status, code, Markup()))


def of_status(status: str) -> list[Remedy]:
    """All that a status can mean, in the order of the page."""
    return [one for one in _remedies().values() if one.status == status]


@cache
def _remedies() -> dict[tuple[str, str], Remedy]:
    return {(one.status, one.code): one for one in _read(documents()[_PAGE].markdown)}


def _read(markdown: str) -> Iterator[Remedy]:
    """Rows of its tables: codes, statuses, what to do."""
    for line in markdown.splitlines():
        if line.startswith("| `"):
            _, codes, statuses, todo = line.rstrip(" |").split("|", 3)
            for status in _STATUS.findall(statuses):
                yield from (Remedy(status, code, inline(todo.strip(), _PAGE)) for code in _CODE.findall(codes))
