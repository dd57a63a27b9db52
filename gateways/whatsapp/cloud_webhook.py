"""What Meta posts about WhatsApp: statuses, messages from people, and their choices about marketing.

One address serves all numbers of a Meta app (developers.facebook.com/docs/graph-api/webhooks), so a gateway reads what
is about its own number alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from domain.messages.receipts import Event, Inbound, Receipt, ReceiptKind
from domain.whatsapp.numbers import NumberReport
from gateways.base import GatewayConnections
from gateways.content import packed
from gateways.meta.signing import challenge_reply, is_signed, may_be_signed
from gateways.webhooks.events import digest, objects_in, seconds, text
from gateways.webhooks.webhook import Post, Reply, Webhook
from gateways.whatsapp.cloud import WhatsAppCloudConfig
from gateways.whatsapp.cloud_inbound import read_message
from gateways.whatsapp.cloud_numbers import reports_of_numbers
from gateways.whatsapp.meta_errors import meta_code, meta_reason
from gateways.whatsapp.reading import inside

_KINDS = {
    "sent": ReceiptKind.SENT,
    "delivered": ReceiptKind.DELIVERED,
    "read": ReceiptKind.READ,
    "played": ReceiptKind.READ,
    "failed": ReceiptKind.FAILED,
}
_FIELDS = frozenset({"messages", "user_preferences"})
_OF_TEMPLATES = frozenset(
    {
        "message_template_status_update",
        "message_template_quality_update",
        "message_template_components_update",
        "template_category_update",
        "account_update",
    }
)
"""Fields of Meta's webhooks after which templates may be others. What they are is read from Meta itself: posts come
twice, and not in their order."""
_CHOICES: dict[str, Literal["stop", "resume"]] = {"stop": "stop", "resume": "resume"}


class WhatsAppCloudWebhook(Webhook):
    """Meta signs the raw body, emoji escaped as it wrote them; there is no time stamp."""

    MOST_BYTES = 3 * 1024 * 1024  # Meta's own limit

    def __init__(self, config: WhatsAppCloudConfig, outside: GatewayConnections) -> None:
        self._config = config

    @property
    def is_configured(self) -> bool:
        return self._config.app_secret is not None

    def may_fit(self, head: Post) -> bool:
        """It is a verification request, or has something like a signature."""
        return head.method == "GET" or may_be_signed(head)

    async def handshake(self, post: Post) -> Reply | None:
        """Meta's verification request, an unsigned GET: its challenge is returned if it has our token."""
        if post.method != "GET":
            return None
        return challenge_reply(post, self._config.verify_token)

    async def verify(self, post: Post) -> bool:
        """HMAC-SHA256 with the app's secret over the raw body."""
        return self._config.app_secret is not None and await is_signed(post, self._config.app_secret)

    def read(self, post: Post) -> Sequence[Event]:
        """What concerns this gateway's number. Our uid is in ``biz_opaque_callback_data``."""
        return [event for value in self._values(post) for event in _events(value, post.now)]

    def tells_of_templates(self, post: Post) -> bool:
        """Status, category or quality of a template, or the business account as a whole, has changed."""
        account = self._config.business_account_id
        return account is not None and any(
            text(entry.get("id")) == account and change.get("field") in _OF_TEMPLATES
            for body in objects_in(post.json())
            for entry in objects_in(body.get("entry") or [])
            for change in objects_in(entry.get("changes") or [])
        )

    def reports_of_number(self, post: Post) -> Sequence[NumberReport]:
        """Meta names a number as it is dialled, not by the id that is configured here."""
        account = self._config.business_account_id
        return list(reports_of_numbers(post.json(), account, post.now)) if account is not None else ()

    def _values(self, post: Post) -> Iterator[dict[str, Any]]:
        for body in objects_in(post.json()):
            for entry in objects_in(body.get("entry") or []):
                for change in objects_in(entry.get("changes") or []):
                    if self._is_ours(change):
                        yield change["value"]

    def _is_ours(self, change: dict[str, Any]) -> bool:
        number = inside(change, "value", "metadata", "phone_number_id")
        field = change.get("field")
        return isinstance(field, str) and field in _FIELDS and number == self._config.phone_number_id


def _events(value: dict[str, Any], now: float) -> Iterator[Event]:
    for status in objects_in(value.get("statuses") or []):
        if receipt := _receipt(status, now):
            yield receipt
    messages, preferences = objects_in(value.get("messages") or []), objects_in(value.get("user_preferences") or [])
    if not messages and not preferences:
        return
    contacts, recipient = _contacts(value), text(inside(value, "metadata", "display_phone_number")) or ""
    for message in messages:
        who = _Person.of(message.get("from"), message.get("from_user_id"), contacts)
        if who and (inbound := _inbound(message, who, recipient, now)):
            yield inbound
    for preference in preferences:
        who = _Person.of(preference.get("wa_id"), preference.get("user_id"), contacts)
        if who and (inbound := _preference(preference, who, recipient, now)):
            yield inbound


def _receipt(status: dict[str, Any], now: float) -> Receipt | None:
    kind, wamid = _KINDS.get(str(status.get("status"))), text(status.get("id"))
    if kind is None or wamid is None:
        return None
    errors = status.get("errors")
    error = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    code = error.get("code")
    return Receipt(
        kind,
        key=digest(wamid, status["status"]),
        at=seconds(status.get("timestamp"), otherwise=now),
        uid=text(status.get("biz_opaque_callback_data")),
        provider_id=wamid,
        code=meta_code(code) if isinstance(code, int) else None,
        reason=meta_reason(error) or None,
        recipient_id=text(status.get("recipient_user_id")),
    )


def _inbound(message: dict[str, Any], who: "_Person", recipient: str, now: float) -> Inbound | None:
    """A message from one person. What people wrote in a group is not for us."""
    wamid = text(message.get("id"))
    if wamid is None or "group_id" in message:
        return None
    content = read_message(message)
    return Inbound(
        key=wamid,
        at=seconds(message.get("timestamp"), otherwise=now),
        sender=who.sender,
        recipient=recipient,
        body=content.body,
        media=content.files,
        name=who.name,
        answers=content.answers,
        kind=content.name,
        content=content.content,
        sender_id=who.id,
    )


def _preference(preference: dict[str, Any], who: "_Person", recipient: str, now: float) -> Inbound | None:
    """What a person chose in WhatsApp for the marketing messages of this business."""
    chosen, category = text(preference.get("value")), text(preference.get("category"))
    if category != "marketing_messages" or chosen not in _CHOICES:
        return None
    at = seconds(preference.get("timestamp"), otherwise=now)
    return Inbound(
        key=digest("user_preferences", who.sender, chosen, preference.get("timestamp")),
        at=at,
        sender=who.sender,
        recipient=recipient,
        name=who.name,
        kind="user_preferences",
        content=packed({"category": category, "value": chosen, "detail": text(preference.get("detail"))}),
        sender_id=who.id,
        marketing=_CHOICES[chosen],
    )


@dataclass(frozen=True, slots=True)
class _Person:
    """The sender of a message: Meta gives the number, an id for this business only, or both."""

    sender: str
    id: str | None
    name: str | None

    @classmethod
    def of(cls, wa_id: object, user_id: object, contacts: Mapping[str | None, dict[str, Any]]) -> "_Person | None":
        """Read who it is, with what stands about people beside the messages."""
        given, id_ = text(wa_id), text(user_id)
        contact = contacts.get(given) or contacts.get(id_) or {}
        number = given if given and _is_number(given) else text(contact.get("wa_id"))
        id_ = id_ or text(contact.get("user_id")) or (None if given is None or _is_number(given) else given)
        profile = contact.get("profile")
        name = text(inside(profile, "name")) or text(inside(profile, "username"))
        if number and _is_number(number):
            return cls(f"+{number}", id_, name)
        return cls(id_, id_, name) if id_ else None


def _contacts(value: dict[str, Any]) -> dict[str | None, dict[str, Any]]:
    """What stands beside the messages about people, by each of their ids."""
    found: dict[str | None, dict[str, Any]] = {}
    for contact in objects_in(value.get("contacts") or []):
        for name in ("user_id", "wa_id"):
            if id_ := text(contact.get(name)):
                found.setdefault(id_, contact)
    return found


def _is_number(digits: str) -> bool:
    return digits.isascii() and digits.isdigit()
