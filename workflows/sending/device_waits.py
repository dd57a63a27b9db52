"""Messages of a page that wait for a phone or are with one: by which turn and route they got there."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from domain.messages.after_dispatch import DeviceRequest
from domain.messages.page import Route, Turn, WithDevices


class DeviceWaits:
    """Their outcomes come by the reports of phones, which the page reads when it is told that there are some."""

    def __init__(self, carried: Iterable[WithDevices]) -> None:
        """``carried``: by an earlier run of the page."""
        self._waits: dict[int, WithDevices] = {}
        self.may_have_ended = False
        """Whether the page was told of ends while messages that it did not know of yet may have waited for phones."""
        for wait in carried:
            self.add(wait)

    @property
    def is_open(self) -> bool:
        """Whether there are any."""
        return bool(self._waits)

    def __contains__(self, index: int) -> bool:
        return index in self._waits

    def add(self, wait: WithDevices) -> None:
        """These wait for phones now."""
        shared = replace(wait, route=replace(wait.route, indexes=[]), indexes=[])
        self._waits.update(dict.fromkeys(wait.indexes, shared))

    def drop(self, indexes: Iterable[int]) -> None:
        """These do no more."""
        for index in indexes:
            self._waits.pop(index, None)

    def all(self) -> list[int]:
        """All of them."""
        return sorted(self._waits)

    def ways(self, indexes: Sequence[int]) -> Iterator[tuple[Turn, Route, list[int]]]:
        """Those of these that wait, by the turn and the route by which they came here."""
        for wait in self._grouped(index for index in indexes if index in self._waits):
            yield wait.turn, wait.route, wait.indexes

    def request(self, page_id: str, indexes: Sequence[int], *, ask: bool = False) -> DeviceRequest:
        """A request about some of them."""
        attempts: dict[int, list[int]] = {}
        policies: dict[str, list[int]] = {}
        for turn, route, own in self.ways(indexes):
            attempts.setdefault(turn.attempt, []).extend(own)
            policies.setdefault(route.on_unknown, []).extend(own)
        return DeviceRequest(page_id, list(attempts.items()), policies, ask)

    def carried(self) -> list[WithDevices]:
        """For the next run."""
        return self._grouped(self._waits)

    def _grouped(self, indexes: Iterable[int]) -> list[WithDevices]:
        groups: list[tuple[WithDevices, list[int]]] = []
        for index in sorted(indexes):
            wait = self._waits[index]
            own = next((own for known, own in groups if known is wait or known == wait), None)
            if own is None:
                groups.append((wait, [index]))
            else:
                own.append(index)
        return [replace(wait, indexes=own) for wait, own in groups]
