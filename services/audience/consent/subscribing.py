"""Double opt-in: an address is given, a message asks whose it is, and only that person's confirmation is consent."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from uuid import UUID

from domain.audience.consents import ConsentState, NewConsent
from domain.audience.page_texts import TEXTS, language_for
from domain.audience.purposes import Purpose, check_purpose, with_built_in
from domain.channels import Channel
from domain.errors import ConflictError, InvalidError, TooSoonError
from domain.messages.page_content import Content
from domain.messages.prices import sms_content
from domain.request_rates import Rate
from domain.text.templates import compile_template
from services.accounts.users import find_account
from services.audience.consent.preferences import UNSUBSCRIBED, Origin
from services.changes import Change
from store.accounts import accounts, request_rates
from store.audience import suppressions
from store.audience.consent import consents, purposes, subscribing
from store.audience.consent.subscribing import ConfirmationText, NewRequest, SubscribeRequest
from store.pool import Connections, Pool

VALID = timedelta(days=7)
MOST_SENT = 3
"""Confirmation messages of a request: the first, and two more."""
GAP = timedelta(seconds=60)
"""Between two of them."""
_OF_ADDRESS = Rate(6 / 86400, burst=6)
"""Requests for one address, of all accounts together: whoever fills other people's forms with it bombs it."""
_OF_ACCOUNT = Rate(5, burst=300)
_LINK, _SENDER, _PURPOSES = "confirm_url", "sender", "purposes"


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of a request to subscribe."""

    request: SubscribeRequest
    state: ConsentState
    content: Content | None = None
    """The message to send; ``None``: none."""
    parts: int = 1


async def take_turns(pool: Pool, account_id: int, channel: str, recipient: str) -> None:
    """Count a request against mail bombing.

    Raises:
        TooSoonError: there were too many for this address, or of this account.
    """
    key = hashlib.sha256(recipient.lower().encode()).hexdigest()  # rates are kept apart from all personal data
    wait = await request_rates.take(pool, f"subscribe {channel} {key}", _OF_ADDRESS)
    if wait > 0:
        raise TooSoonError("subscribe_limited", "this address was given too often: wait some hours", wait)
    wait = await request_rates.take(pool, f"subscribe of account {account_id}", _OF_ACCOUNT)
    if wait > 0:
        raise TooSoonError("subscribe_limited", "too many requests to subscribe: wait a little", wait)


async def ask(change: Change, account_id: int, new: NewRequest, link: Callable[[UUID], str]) -> Asked:
    """Begin a subscription, or have its confirmation be asked for again. ``link``: by which a request is confirmed.

    Raises:
        InvalidError: the account has no such purpose, or not on this channel.
        ConflictError: the address is suppressed for another reason than its own unsubscription.
        TooSoonError: its message was sent a moment ago, or often enough.
    """
    account = await find_account(change, account_id)
    own = await purposes.of_account(change.store, account_id)
    for key in new.purposes:
        if check_purpose(own, key, [new.channel]).transactional:
            raise InvalidError(
                "purpose_transactional", "consent is never asked for transactional messages", "/purposes"
            )
    held_back = (await suppressions.of_addresses(change.store, account_id, {new.channel: new.recipient})).get(
        new.channel
    )
    if held_back is not None and held_back.until is None and held_back.reason != UNSUBSCRIBED:
        message = f"this address is suppressed ({held_back.reason}): it can be asked for nothing"
        raise ConflictError("address_suppressed", message)
    request = await subscribing.begin(change.store, account_id, new, VALID)
    now = {
        one.purpose: one.state for one in await consents.current(change.store, account_id, new.channel, new.recipient)
    }
    if held_back is None and all(now.get(key) == ConsentState.GRANTED for key in new.purposes):
        await subscribing.confirm(change.store, request.id)
        return Asked(request, ConsentState.GRANTED)
    _check_sent(request)
    await subscribing.count_sent(change.store, request.id)
    pending = [_entry(request, key, ConsentState.PENDING, Origin("subscribe", request.ip)) for key in new.purposes]
    await consents.record(change.store, account_id, pending)
    shown = ", ".join(purpose_names(own, request.purposes))
    content, parts = await _message(change.store, account_id, account.name, request, shown, link(request.id))
    return Asked(request, ConsentState.PENDING, content, parts)


def purpose_names(own: Sequence[Purpose], keys: Sequence[str]) -> list[str]:
    """The names of purposes, as recipients see them."""
    names = {purpose.key: purpose.name for purpose in with_built_in(own)}
    return [names.get(key, key) for key in keys]


def _check_sent(request: SubscribeRequest) -> None:
    if request.sent >= MOST_SENT:
        wait = (request.expires_at - datetime.now(UTC)).total_seconds()
        message = (
            f"{MOST_SENT} messages have asked this address already: its request ends {request.expires_at:%Y-%m-%d}"
        )
        raise TooSoonError("confirmation_sent", message, max(1.0, wait))
    if (
        request.sent
        and request.sent_at is not None
        and (left := request.sent_at + GAP - datetime.now(UTC)) > timedelta()
    ):
        raise TooSoonError("confirmation_sent", "a message was sent a moment ago: wait", max(1.0, left.total_seconds()))


async def confirm(store: Connections, request_id: UUID, origin: Origin) -> SubscribeRequest | None:
    """The person with the address agrees. Safe to repeat, in a transaction. ``None``: there is none, or it expired."""
    request = await subscribing.find(store, request_id, lock=True)
    if request is None or (request.is_expired and request.confirmed_at is None):
        return None
    if request.confirmed_at is not None:
        return request
    granted = [_entry(request, key, ConsentState.GRANTED, origin) for key in request.purposes]
    await consents.record(store, request.account_id, granted)
    address = (request.account_id, request.channel, request.recipient)
    await suppressions.end_own(store, *address, (UNSUBSCRIBED, "paused"))
    await consents.end_pause(store, *address)
    await subscribing.confirm(store, request_id)
    return request


def _entry(request: SubscribeRequest, purpose: str, state: ConsentState, origin: Origin) -> NewConsent:
    proof = {"request": str(request.id), "asked_at": request.created_at.isoformat(), "asked_from": request.ip}
    if origin.user_agent:
        proof["user_agent"] = origin.user_agent[:200]
    return NewConsent(
        request.channel,
        request.recipient,
        purpose,
        state,
        request.source,
        text_shown=request.text_shown,
        ip=origin.ip,
        proof=proof,
    )


async def account_name(store: Connections, account_id: int) -> str:
    """As recipients see it."""
    return (await accounts.get(store, account_id)).name


async def put_text(change: Change, account_id: int, text: ConfirmationText) -> None:
    """Set what the confirmation messages on a channel say.

    Raises:
        InvalidError: it is no template, lacks the link, or an email's subject is missing.
    """
    await find_account(change, account_id)
    change.about("confirmation_text", text.channel)
    if text.channel == Channel.EMAIL and not text.subject:
        raise InvalidError("missing", "an email needs a subject", "/subject")
    for field, value in (("/subject", text.subject), ("/message", text.message)):
        _check_template(field, value or "", text.channel)
    link = "https://example.com/s/x"
    if link not in _fill(text.message, text.channel, link, "Sender", "News"):
        raise InvalidError(
            "confirm_url_missing", "the message needs {{ confirm_url }}: the link to confirm", "/message"
        )
    await subscribing.put_text(change.store, account_id, text)


def _check_template(field: str, text: str, channel: str) -> None:
    try:
        _fill(text, channel, "https://example.com/s/x", "Sender", "News")
    except ValueError as error:  # no template, too heavy, or it needs a field that there is not
        raise InvalidError("invalid_template", f"not a template: {error}", field) from None


async def _message(
    store: Connections, account_id: int, sender: str, request: SubscribeRequest, shown: str, link: str
) -> tuple[Content, int]:
    """The message that asks whose address it is."""
    channel = request.channel
    own = next((text for text in await subscribing.texts(store, account_id) if text.channel == channel), None)
    said = TEXTS[language_for(request.language, "")]
    plain = said["confirm_message"].format(sender=sender, url=link)
    if channel == Channel.EMAIL:
        html = _fill(own.message, channel, link, sender, shown) if own else _linked(plain, link)
        subject = said["confirm_subject"].format(sender=sender) if own is None or not own.subject else own.subject
        filled = _fill(subject, Channel.SMS, link, sender, shown) if own else subject
        return Content(subject=filled.replace("\n", " ")[:900], html=html), 1
    text = _fill(own.message, channel, link, sender, shown) if own else plain
    return sms_content(text) if channel == Channel.SMS else (Content(body=text), 1)


def _linked(plain: str, link: str) -> str:
    shown = escape(plain).replace(escape(link), f'<a href="{escape(link)}">{escape(link)}</a>')
    return f"<p>{shown}</p>"


def _fill(text: str, channel: str, link: str, sender: str, shown: str) -> str:
    fields = {_LINK: link, _SENDER: sender, _PURPOSES: shown}
    return compile_template(text, html=channel == Channel.EMAIL).render(fields)
