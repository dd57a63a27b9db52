"""Parses send requests. Pure computation, so that it can run in any process."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from api.http.body import field_errors, validate
from api.http.errors import ApiError, json_refused
from api.http.request_cost import MAX_VALUES, ON_LOOP, count_values, reading_cost, shortening_cost
from api.sending.answer import accepted_answer
from domain.audience.named_template import NamedTemplate, TemplateUse
from domain.channels import Channel
from domain.errors import InvalidError, invalid
from domain.ids import PAGE_SIZE
from domain.lanes import Lane
from domain.links.shortening import NO_LINKS, LinkRules
from domain.messages.page import KeyTerms
from domain.messages.page_content import PAGE_BYTES
from domain.text.strict_json import StrictJsonError, loads
from services.contacts.models import (
    CONTACT_MODELS,
    MAX_CONTACTS,
    MAX_KEY,
    MAX_TRANSACTIONAL,
    SEND_MODELS,
    AnyContact,
    AnySend,
)
from services.contacts.read import ReadContacts, Terms, read_contacts
from services.contacts.stored_values import ContactsNeeded, ContactsUse, Stored
from services.contacts.unknown_fields import unknown_names
from services.sending.batch_pages import NewBatch, build_batch

_PART = 100
"""Contacts that are validated together: validation stops after the first group with an error."""
_CONTACTS = {
    channel: TypeAdapter(list[model])  # type: ignore[valid-type]  # mypy knows no types that are values
    for channel, model in CONTACT_MODELS.items()
}


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """A parsed send request."""

    contacts: ReadContacts
    lane: Lane

    @property
    def fits_a_page(self) -> bool:
        """Whether its messages fit one page, beside its header."""
        content = self.contacts.content
        return len(content.messages) <= PAGE_SIZE and content.size <= PAGE_BYTES

    @property
    def may_share_a_page(self) -> bool:
        """Whether it may share a page with other requests: a page with fallbacks stays open for long."""
        messages = self.contacts.content.messages
        return len(messages) == 1 and not messages[0].fallback


@dataclass(frozen=True, slots=True)
class RequestedBatch:
    """A requested batch, and the answer once it is accepted."""

    batch: NewBatch
    answer: bytes


def may_be_large(raw: bytes, links: LinkRules = NO_LINKS) -> bool:
    """Whether parsing a body may block the event loop for too long: an estimate, without parsing it.

    ``links``: the account's rules.
    """
    if reading_cost(raw) > ON_LOOP:
        return True
    shortens = links.shorten or b'"shorten_links"' in raw
    return shortens and shortening_cost(raw) > ON_LOOP


def read_request(
    raw: bytes, channel: Channel, terms: Terms, named: NamedTemplate | None = None, stored: Stored | None = None
) -> ReadRequest | TemplateUse | ContactsUse:
    """Read the body of a send request; if it names a template and that is not given, what it names.

    If a text names stored contacts, and these are not given as ``stored``, whose it needs.

    Raises:
        ApiError: it is refused, with a pointer for each error.
    """
    if count_values(raw) > MAX_VALUES:
        raise ApiError(413, "too_many_values", f"the body holds more than {MAX_VALUES} values: send several requests")
    try:
        value = loads(raw)
    except StrictJsonError as error:
        raise json_refused(error) from None
    if named is None and (use := _use(value)):  # before contacts are validated: that happens with the template
        return use
    listed = value.get("contact") if isinstance(value, dict) else None
    if isinstance(listed, list) and len(listed) > MAX_CONTACTS:
        raise ApiError(
            413,
            "too_many_contacts",
            f"{len(listed)} contacts in one request: send the list in several requests of at most {MAX_CONTACTS}",
        )
    request = _validate(value, listed, channel) if isinstance(listed, list) else validate(value, SEND_MODELS[channel])
    default = Lane.TRANSACTIONAL if len(request.contact) <= MAX_TRANSACTIONAL else Lane.BULK
    lane = request.priority or default
    try:
        read = read_contacts(request, terms, lane, unknown_names(value, request), named, stored=stored)
    except ContactsNeeded as needed:
        return needed.use
    return ReadRequest(read, lane)


def _use(value: Any) -> TemplateUse | None:
    """The template that a request names; ``None``: none, or what it says of it is refused when it is validated."""
    key, number = (value.get("template"), value.get("template_version")) if isinstance(value, dict) else (None, None)
    if not isinstance(key, str) or len(key) > MAX_KEY:
        return None
    return TemplateUse(key, number) if number is None or type(number) is int else None


def _validate(value: dict[str, Any], listed: list[Any], channel: Channel) -> AnySend:
    """Validate a request part by part: a list full of errors must not cost more than a correct one."""
    parts = range(_PART, len(listed), _PART)
    try:
        request = SEND_MODELS[channel].model_validate({**value, "contact": listed[:_PART]} if parts else value)
    except ValidationError as error:
        raise _invalid(error, 0, bool(parts)) from None
    contacts = cast(list[AnyContact], request.contact)
    for start in parts:
        try:
            contacts += _CONTACTS[channel].validate_python(listed[start : start + _PART])
        except ValidationError as error:
            raise _invalid(error, start, start + _PART < len(listed)) from None
    return request


def _invalid(error: ValidationError, start: int, has_more: bool) -> InvalidError:
    """The errors of a part whose first contact is number ``start``; ``has_more``: it is not the last part."""

    def place(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
        return ("contact", start + int(loc[0]), *loc[1:]) if start else loc

    return invalid(field_errors(error, place), all_checked=not has_more)


def read_large_request(
    raw: bytes,
    channel: Channel,
    terms: Terms,
    batch_id: UUID,
    account_id: int,
    page_sizes: Mapping[str, int],
    key: KeyTerms | None = None,
    named: NamedTemplate | None = None,
    stored: Stored | None = None,
) -> ReadRequest | RequestedBatch | TemplateUse | ContactsUse | ApiError | InvalidError:
    """The same for a request that may become a batch; then the batch is built as well. ``key``: as in ``build_batch``.

    An error is returned, not raised: this runs in a process of its own.
    """
    try:
        read = read_request(raw, channel, terms, named, stored)
    except (ApiError, InvalidError) as error:
        return error
    if isinstance(read, TemplateUse | ContactsUse) or read.fits_a_page:
        return read
    if any(message.fallback for message in read.contacts.content.messages):
        return ApiError(422, "fallback_in_batch", f"fallbacks need requests of at most {PAGE_SIZE} contacts and 1 MB")
    batch, messages = build_batch(batch_id, account_id, channel, read.lane, read.contacts, page_sizes, key)
    return RequestedBatch(batch, accepted_answer(messages, read.contacts.warnings(), batch=batch_id))
