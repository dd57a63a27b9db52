"""From the bytes of a send request to what is to be sent. Pure computing: it runs in whatever process has the time."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from api.batch_pages import NewBatch, build_batch
from api.body import validate
from api.contacts import ReadContacts, Terms, read_contacts
from api.errors import ApiError, json_refused
from api.send_models import MAX_CONTACTS, MAX_TRANSACTIONAL, SEND_MODELS
from domain.channels import Channel
from domain.ids import PAGE_SIZE
from domain.lanes import Lane
from domain.page_content import PAGE_BYTES
from domain.strict_json import StrictJsonError, loads

_QUICK_BYTES = 1024 * 1024
_QUICK_CONTACTS = 100
"""What takes a few milliseconds to read."""
_QUICK_TEMPLATE_BYTES = 16 * 1024
"""A body in which not even a template without tags can cause much work."""
_INLINE_CSS = (b'"inline_css"', b"\\u005", b"\\u006")
"""The name of that field, or letters that are written as escapes."""


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """A send request, understood."""

    contacts: ReadContacts
    lane: Lane

    @property
    def fits_a_page(self) -> bool:
        """Whether its messages can travel in one page, beside its header."""
        content = self.contacts.content
        return len(content.messages) <= PAGE_SIZE and content.size <= PAGE_BYTES

    @property
    def may_share_a_page(self) -> bool:
        """Whether other requests' messages may travel with it: a page with fallbacks stays open for long."""
        messages = self.contacts.content.messages
        return len(messages) == 1 and not messages[0].fallback


def may_be_large(raw: bytes) -> bool:
    """Whether reading a body may take too long to do it between other requests: by a glance, without parsing it."""
    many = raw.count(b'"number"') + raw.count(b'"email"') > _QUICK_CONTACTS
    may_inline = any(spelling in raw for spelling in _INLINE_CSS)
    return many or len(raw) > _QUICK_BYTES or may_inline or _may_hold_a_heavy_template(raw)


def _may_hold_a_heavy_template(raw: bytes) -> bool:
    """Whether a body may hold loops, or a template and much to fill in; the braces may be written as escapes."""
    if b"{%" in raw or b"\\u007" in raw or b"\\u002" in raw:
        return True
    return len(raw) > _QUICK_TEMPLATE_BYTES and b"{{" in raw


def read_request(raw: bytes, channel: Channel, terms: Terms) -> ReadRequest:
    """Read the body of a send request.

    Raises:
        ApiError: it is refused, with a pointer for each place that is wrong.
    """
    try:
        value = loads(raw)
    except StrictJsonError as error:
        raise json_refused(error) from None
    listed = value.get("contact") if isinstance(value, dict) else None
    if isinstance(listed, list) and len(listed) > MAX_CONTACTS:
        raise ApiError(
            413,
            "too_many_contacts",
            f"{len(listed)} contacts in one request: send the list in several requests of at most {MAX_CONTACTS}",
        )
    request = validate(value, SEND_MODELS[channel])
    default = Lane.TRANSACTIONAL if len(request.contact) <= MAX_TRANSACTIONAL else Lane.BULK
    lane = request.priority or default
    return ReadRequest(read_contacts(request, terms, lane), lane)


def read_large_request(
    raw: bytes, channel: Channel, terms: Terms, batch_id: UUID, account_id: int, page_sizes: Mapping[str, int]
) -> ReadRequest | NewBatch | ApiError:
    """The same for a request that may become a batch; then the batch is built as well.

    An error is returned, not raised: this runs in a process of its own.
    """
    try:
        read = read_request(raw, channel, terms)
    except ApiError as error:
        return error
    if read.fits_a_page:
        return read
    if any(message.fallback for message in read.contacts.content.messages):
        return ApiError(422, "fallback_in_batch", f"fallbacks need requests of at most {PAGE_SIZE} contacts and 1 MB")
    return build_batch(batch_id, account_id, channel, read.lane, read.contacts, page_sizes)
