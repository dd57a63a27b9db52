"""What a simulation answers, as its page tells it."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any

_BLOCKS = ("p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "table", "ul", "ol")
_HIDDEN = ("style", "script", "head", "title")


def taken_of(result: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """By step: that it was taken, by which arm, and what came of it in a word."""
    found: dict[str, dict[str, Any]] = {}
    for one in result["course"]:
        if one["kind"] == "step":
            outcome = one["outcome"] or {}
            told = outcome.get("name") or outcome.get("result") or ""
            found[one["step"]] = {"is_taken": True, "told": told, "arm": arm_of(outcome)}
    if result["state"] in ("waiting", "running") and result["step"]:
        found[result["step"]] = {"is_here": True}
    return found


def arm_of(outcome: Mapping[str, Any]) -> str:
    """The arm that was taken, as places of the tree have it; "" if there is none."""
    return str(outcome.get("arm") or "").replace("/", ".")


def moments(result: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What happens, each with how long after the entry. The end of a wait says nothing that its beginning does not."""
    began = datetime.fromisoformat(result["began_at"])
    before: Mapping[str, Any] = {}
    for one in result["course"]:
        is_end = one.get("does") == "wait" and before.get("kind") == "wait" and before.get("step") == one.get("step")
        if not is_end:
            message = dict(one["message"]) if one.get("message") else None
            if message and message.get("html"):
                message["text"] = plain(message["html"])
            yield {**one, "after": length(datetime.fromisoformat(one["at"]) - began), "message": message}
        before = one


def length(passed: timedelta) -> str:
    """A length of time as definitions write it, in its two largest units: ``2d 4h``."""
    seconds = int(passed.total_seconds())
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        if seconds >= size:
            parts.append(f"{seconds // size}{unit}")
            seconds %= size
    return " ".join(parts[:2])


def plain(html: str) -> str:
    """What a mail says, without how it looks."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).split("\n"))
    return "\n".join(line for line in lines if line)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:  # as the parser calls it
        self._hidden += tag in _HIDDEN
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in _HIDDEN))
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data.replace("\n", " "))
