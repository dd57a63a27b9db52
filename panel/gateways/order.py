"""The order in which gateways of a channel are tried: an account's own before shared ones, then by their numbers."""

from collections.abc import Callable, Sequence
from typing import Any

from panel.http.view import View

Gateway = dict[str, Any]


def in_order(view: View, gateways: Sequence[Gateway]) -> list[Gateway]:
    """As messages try them, by channel; for staff those of each owner together."""
    return sorted(gateways, key=lambda one: (*_group(view, one), one["priority"], one["created_at"], one["id"]))


def moves(view: View, gateways: Sequence[Gateway], may: Callable[[Gateway], bool]) -> dict[str, tuple[bool, bool]]:
    """Of those in their order that ``may`` be moved: whether up, and whether down."""
    groups = [None, *(_group(view, one) for one in gateways), None]
    return {
        one["id"]: (groups[at] == groups[at + 1], groups[at + 2] == groups[at + 1])
        for at, one in enumerate(gateways)
        if may(one)
    }


def moved(view: View, gateways: Sequence[Gateway], gateway: Gateway, step: int) -> dict[str, int]:
    """Numbers that change so that it is tried a ``step`` of 1 later, or of -1 earlier, by id."""
    group = [one for one in in_order(view, gateways) if _group(view, one) == _group(view, gateway)]
    numbers, at = rising([one["priority"] for one in group]), group.index(gateway)
    if 0 <= at + step < len(group):
        group[at], group[at + step] = group[at + step], group[at]
    return {one["id"]: number for one, number in zip(group, numbers, strict=True) if one["priority"] != number}


def rising(numbers: Sequence[int]) -> list[int]:
    """The same numbers, with the least added that makes each greater than the one before it."""
    made: list[int] = []
    for number in sorted(numbers):
        made.append(max(number, made[-1] + 1) if made else number)
    return made


def _group(view: View, one: Gateway) -> tuple[str, int]:
    """Among which its number counts."""
    return one["channel"], (not one["own"] if view.viewer.account else one["owner"] or 0)
