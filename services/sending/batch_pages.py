"""Builds a batch from many contacts: its pages, and its rows for the database."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from uuid import UUID

from domain.audience.purposes import stored
from domain.batches.batch import Stream
from domain.channels import Channel
from domain.errors import MAX_SHOWN
from domain.ids import PAGE_SIZE, batch_page_id, message_uid
from domain.lanes import Lane
from domain.messages.page import KeyTerms
from domain.messages.page_content import PAGE_BYTES, Content, PageContent, PageMessage
from domain.messages.statuses import State
from services.contacts.duplicates import Duplicates
from services.contacts.read import ReadContacts
from services.whatsapp.uses import TemplateUsed
from store.batches import batches

_NULL = "\\N"
"""Of COPY."""


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A batch ready to be stored."""

    stored: batches.NewBatch
    requested: dict[str, list[int]]
    """Requested gateways: identifier → the indexes of some of the messages that request it."""
    wide_gateway: str | None
    froms: dict[str, str]
    files: dict[str, bytes]
    """As in ``ReadContacts``."""
    duplicates: Duplicates
    is_free: bool
    purpose: str
    provider_templates: tuple[TemplateUsed, ...] = ()
    """As in ``ReadContacts``."""

    @property
    def template_version(self) -> int | None:
        """As in ``ReadContacts``."""
        return self.stored.template_version

    @property
    def last_due(self) -> float:
        """When the last of its messages is due; 0: all at once."""
        return max(page.due for page in self.stored.pages)


def page_size(per_second: float | None) -> int:
    """Messages per page for a gateway of this rate: sending a page shall take seconds, not minutes."""
    return PAGE_SIZE if per_second is None else max(10, min(PAGE_SIZE, int(per_second * 5)))


def build_batch(
    batch_id: UUID,
    account_id: int,
    channel: Channel,
    lane: Lane,
    read: ReadContacts,
    page_sizes: Mapping[str, int],
    key: KeyTerms | None = None,
) -> tuple[NewBatch, list[tuple[UUID, PageMessage]]]:
    """Cut messages into pages: each for one requested gateway, one sender and one time, soonest first.

    Also returns the messages with their uids, in the order of the contacts.

    ``page_sizes`` has the page size for each gateway, by identifier, and for "" where none is requested. ``key`` is
    that of all messages, if it demands something.
    """
    messages = read.content.messages
    gateways = {index: name for name, indexes in read.requested.items() for index in indexes}

    def way(index: int) -> tuple[str, str, float]:
        return gateways.get(index, ""), read.content.from_address(index) or "", messages[index].due

    shared = f"{key.id}\t{'t' if key.test else 'f'}" if key else f"{_NULL}\tf"
    shared += f"\t{stored(read.purpose) or _NULL}"
    pages: list[batches.StoredPage] = []
    streams: list[Stream] = []
    uids: dict[int, UUID] = {}
    for (gateway, sender, due), alike in groupby(sorted(range(len(messages)), key=way), key=way):
        if not streams or (streams[-1].gateway, streams[-1].sender) != (gateway, sender):
            streams.append(Stream(gateway, len(pages) + 1, len(pages), sender))
        for indexes in _cut(list(alike), read.content, page_sizes.get(gateway, page_sizes[""])):
            number = len(pages) + 1
            page_id = batch_page_id(batch_id, number)
            own = {index: message_uid(page_id, place) for place, index in enumerate(indexes)}
            uids |= own
            rows = "".join(_row(uid, account_id, channel, messages[index], shared) for index, uid in own.items())
            pages.append(batches.StoredPage(number, len(indexes), due, _content(read.content, indexes), rows.encode()))
        streams[-1] = replace(streams[-1], last=len(pages))
    cost = sum(message.price for message in messages)
    batch = NewBatch(
        batches.NewBatch(
            batch_id,
            account_id,
            channel.value,
            lane.value,
            len(messages),
            streams,
            pages,
            cost,
            key,
            read.template_version,
        ),
        {name: indexes[:MAX_SHOWN] for name, indexes in read.requested.items()},
        read.wide_gateway,
        read.froms,
        read.files,
        read.duplicates,
        read.is_free,
        read.purpose,
        read.provider_templates,
    )
    return batch, [(uids[index], message) for index, message in enumerate(messages)]


def _cut(indexes: list[int], content: PageContent, most: int) -> Iterator[list[int]]:
    page: list[int] = []
    carried: set[int] = set()
    room = PAGE_BYTES
    for index in indexes:
        place = content.messages[index].content
        size = 0 if place in carried else content.contents[place].size
        if page and (len(page) == most or size > room):
            yield page
            page, carried, room = [], set(), PAGE_BYTES
            size = content.contents[place].size
        page.append(index)
        carried.add(place)
        room -= size
    yield page


def _content(content: PageContent, indexes: list[int]) -> bytes:
    carried: dict[int, int] = {}
    messages = []
    for index in indexes:
        message = content.messages[index]
        messages.append(replace(message, content=carried.setdefault(message.content, len(carried))))
    contents: list[Content] = [content.contents[place] for place in carried]
    return PageContent(contents, messages).encode()


def _row(uid: UUID, account_id: int, channel: Channel, message: PageMessage, shared: str) -> str:
    """A message in the text form of COPY; ``shared``: its last columns.

    No field can hold a tab or a line break; an address may hold a backslash.
    """
    recipient = message.to.replace("\\", "\\\\")
    state, due = State.QUEUED.value, _NULL
    if message.due:
        state, due = State.SCHEDULED.value, datetime.fromtimestamp(message.due, UTC).isoformat()
    policy = message.on_unknown or _NULL
    return (
        f"{uid}\t{account_id}\t{channel}\t{recipient}\t{state}\t{message.price}\tpending\t{due}\t{policy}\t{shared}\n"
    )
