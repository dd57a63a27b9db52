"""Presets: how the posts of known systems are signed and read. Each is a file in ``presets``."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Preset:
    """One of them. What is ``None`` is as without a preset."""

    key: str
    name: str
    about: str
    """How to set it up in that system."""
    auth: Mapping[str, Any]
    map: Mapping[str, Any] | None
    delivery: list[str] | None
    topic: str | None
    unusable: str
    ping: list[str] | None
    """The fields of the form that it posts unsigned to see whether anybody answers."""
    sample: Mapping[str, Any]
    """The headers and the body of such a post; all in it is invented."""


@cache
def presets() -> Mapping[str, Preset]:
    """All presets, by their keys."""
    folder = files("domain.automations.hooks") / "presets"
    found = sorted(one.name for one in folder.iterdir() if one.name.endswith(".json"))
    return {name[:-5]: Preset(name[:-5], **orjson.loads((folder / name).read_bytes())) for name in found}


def is_ping(preset: str | None, body: Mapping[str, Any]) -> bool:
    """Whether this is what a system posts only to see whether anybody answers."""
    known = presets().get(preset or "")
    return known is not None and known.ping is not None and set(body) == set(known.ping)
