"""Automations to start from: definitions that are complete, each with cases that simulate it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from domain.errors import NotFoundError

_TESTS = ".tests.json"


@dataclass(frozen=True, slots=True)
class Starter:
    """One of them."""

    name: str
    """Also the key of its definition."""
    definition: Mapping[str, Any]
    tests: Sequence[Mapping[str, Any]]

    @property
    def shown(self) -> dict[str, Any]:
        """What lists say of it."""
        kinds = self.definition.get("triggers") or [self.definition["trigger"]]
        return {
            "name": self.name,
            "title": self.definition["name"],
            "description": self.definition["description"],
            "triggers": [one["kind"] for one in kinds],
        }


@cache
def starters() -> Mapping[str, Starter]:
    """All of them by name."""
    found = {file.name: file.read_bytes() for file in files(__package__).joinpath("files").iterdir()}
    names = sorted(name.removesuffix(".json") for name in found if not name.endswith(_TESTS))
    return {
        name: Starter(name, orjson.loads(found[f"{name}.json"]), orjson.loads(found[name + _TESTS])) for name in names
    }


def starter(name: str) -> Starter:
    """One of them.

    Raises:
        NotFoundError: there is none of this name.
    """
    found = starters().get(name)
    if found is None:
        raise NotFoundError("starter_not_found", f"there is no starter {name!r}: they are {', '.join(starters())}")
    return found
