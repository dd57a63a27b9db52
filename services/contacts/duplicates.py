"""Contacts of one request that lead to the same recipient."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain.messages.page_content import PageMessage

MAX_LISTED = 20
"""Indexes that a warning lists."""


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Contacts whose recipient an earlier contact has already, by the form in which recipients are stored."""

    indexes: Sequence[int] = ()
    """Of these contacts in the request, in their order."""
    are_skipped: bool = False
    """Whether they are skipped; else each contact gets its message."""
    others: Sequence[int] = ()
    """Contacts that get no message for another reason."""

    def contact_of(self, index: int) -> int:
        """The index of the contact whose message has this index."""
        if self.are_skipped or self.others:
            for skipped in sorted([*(self.indexes if self.are_skipped else ()), *self.others]):
                if skipped > index:
                    break
                index += 1
        return index

    def warnings(self) -> list[dict[str, Any]]:
        """The warnings of the answer; empty where there are none."""
        if not self.indexes:
            return []
        count = len(self.indexes)
        who = f"{count} contacts have recipients" if count > 1 else "1 contact has a recipient"
        what = "were skipped" if count > 1 else "was skipped"
        advice = f"and {what}" if self.are_skipped else "and get one message each; 'duplicates': 'skip' leaves them out"
        return [
            {
                "kind": "duplicates",
                "message": f"{who} that an earlier contact of the request has already, {advice}",
                "count": count,
                "skipped": count if self.are_skipped else 0,
                "indexes": list(self.indexes[:MAX_LISTED]),
            }
        ]


NO_DUPLICATES = Duplicates()


def find_duplicates(messages: Sequence[PageMessage]) -> Duplicates:
    """The duplicates among messages of which none was skipped."""
    if len(messages) < 2 or len({message.to for message in messages}) == len(messages):
        return NO_DUPLICATES
    seen: set[str] = set()
    indexes = []
    for index, message in enumerate(messages):
        if message.to in seen:
            indexes.append(index)
        seen.add(message.to)
    return Duplicates(indexes)
