"""No regular expression of ours takes more than linear time, whatever it is given."""

import importlib
import pkgutil
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from re import _constants, _parser  # type: ignore[attr-defined] # how the module itself reads patterns

import pytest

PACKAGES = ("activities", "api", "domain", "gateways", "runtime", "services", "store", "worker", "workflows")
LENGTH = 1_200
SHORT = 16
SLOW = 0.001
"""Seconds that no linear pattern needs for so short a text; a quadratic one takes longer for twice as much."""
GROWTH = 3.0


@dataclass(frozen=True)
class Used:
    """A pattern, and whether it is looked for anywhere in a text rather than matched at one place."""

    pattern: re.Pattern
    is_searched: bool = True

    def cost(self, text: str) -> float:
        given = text if isinstance(self.pattern.pattern, str) else text.encode("utf-8", "replace")
        begun = time.thread_time()
        self.pattern.fullmatch(given)
        self.pattern.match(given)
        for _ in self.pattern.finditer(given) if self.is_searched else ():
            pass
        return time.thread_time() - begun

    def is_slow(self, text: str) -> bool:
        if self.cost(text[:SHORT]) > SLOW:  # exponential: any more would never end
            return min(self.cost(text[:SHORT]) for _ in range(3)) > SLOW
        if self.cost(text) < SLOW:
            return False
        return self.grows(text) and self.grows(text * 2)  # one with a bound of hundreds is linear only beyond that

    def grows(self, text: str) -> bool:
        """Whether twice as much takes more than twice as long, whatever else the machine does."""
        return min(self.cost(text * 2) for _ in range(7)) > GROWTH * min(self.cost(text) for _ in range(7))


def patterns() -> dict[str, Used]:
    """All patterns that stand in a module, by its name and theirs."""
    found: dict[int, tuple[str, Used]] = {}
    for package in PACKAGES:
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            loaded = importlib.import_module(module.name)
            source = Path(loaded.__file__ or "").read_text()
            for name, value in vars(loaded).items():
                for one in value.values() if isinstance(value, dict) else [value]:
                    if isinstance(one, re.Pattern):
                        found.setdefault(id(one), (f"{module.name}.{name}", Used(one, is_searched(name, source))))
    return dict(found.values())


def is_searched(name: str, source: str) -> bool:
    """Whether a pattern is looked for in a text, here or in a function that is given it."""
    used = rf"\b{re.escape(name)}(\[[^]]*\])?\.(search|finditer|findall|sub|split)\b"
    return bool(re.search(used, source)) or (f"({name}," in source and "pattern.search" in source)


def characters_in(parsed) -> Iterator[str]:
    """A character of each kind that a pattern speaks of."""
    for kind, value in parsed:
        if kind in (_constants.LITERAL, _constants.NOT_LITERAL):
            yield chr(value)
        elif kind is _constants.RANGE:
            yield chr(value[0])
        elif kind is _constants.CATEGORY:
            yield {"CATEGORY_DIGIT": "0", "CATEGORY_SPACE": " "}.get(str(value), "a")
        elif kind is _constants.IN:
            yield from characters_in(value)
        elif kind is _constants.BRANCH:
            for branch in value[1]:
                yield from characters_in(branch)
        elif isinstance(value, tuple):
            for part in value:
                if isinstance(part, _parser.SubPattern):
                    yield from characters_in(part)
        elif isinstance(value, _parser.SubPattern):
            yield from characters_in(value)


def beginning(pattern: re.Pattern) -> str:
    """The literal text that a match begins with."""
    text = ""
    for kind, value in _parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE):
        if kind is not _constants.LITERAL:
            break
        text += chr(value)
    return text


def hostile(pattern: re.Pattern) -> Iterator[str]:
    """Texts that a backtracking pattern reads again and again."""
    kinds = list(dict.fromkeys([*characters_in(_parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE)), "a", " "]))
    kinds = [*kinds[:5], *kinds[-2:]]
    begins = dict.fromkeys(["", beginning(pattern)])
    for begin, piece in product(
        begins, dict.fromkeys([*kinds, *map("".join, product(kinds, kinds)), beginning(pattern)])
    ):
        if piece:
            for end in ("", "\x01"):
                yield begin + piece * (LENGTH // len(piece)) + end


@pytest.mark.parametrize(("name", "used"), patterns().items(), ids=lambda value: value if type(value) is str else "")
def test_it_takes_linear_time(name: str, used: Used):
    assert [text[:40] for text in hostile(used.pattern) if used.is_slow(text)] == []


@pytest.mark.parametrize("pattern", [r"\{\{\s*(.*?)\s*\}\}", "(a+)+b", "<!--.*?-->"])
def test_the_test_sees_one_that_does_not(pattern: str):
    used = Used(re.compile(pattern))
    assert any(used.is_slow(text) for text in hostile(used.pattern))
