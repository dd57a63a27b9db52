"""Fields that a request gives once for all of its contacts: texts, possibly templates, and sending options."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from domain.errors import FieldError, invalid, pointer
from domain.messages.schedule import InvalidSchedule, parse_schedule_at
from domain.text.template_errors import InvalidTemplate, TemplateTooHeavy
from domain.text.templates import Template, compile_template
from services.contacts.mail_extras import InvalidExtra, MailReader
from services.contacts.models import AnySend, EmailSend


@dataclass(frozen=True, slots=True)
class SharedText:
    """A text of the request, for contacts without one of their own."""

    field: str
    """Its field in the request."""
    template: Template

    def fill(self, fields: Mapping[str, object]) -> str:
        """The text for a contact with these fields.

        Raises:
            MissingField, InvalidTemplate: it cannot be filled from this contact.
            ApiError: 422, filling it takes too long.
        """
        try:
            return self.template.render(fields)
        except TemplateTooHeavy as error:
            raise invalid([FieldError(pointer(self.field), "template_too_heavy", str(error))]) from None


@dataclass(frozen=True, slots=True)
class SharedFields:
    """The request-wide fields of a send, ready for use."""

    text: SharedText | None
    """The text; of an email its HTML."""
    alternative: SharedText | None
    """An email's plain text."""
    subject: SharedText | None
    due: float
    """As in ``PageMessage``."""
    gateway: str | None
    on_unknown: str | None
    mail: MailReader
    """Knows what emails carry for all contacts."""

    def template_names(self) -> frozenset[str] | None:
        """The fields of contacts that its texts may look at; ``None``: any."""
        texts = [shared.template.names for shared in (self.text, self.alternative, self.subject) if shared]
        return None if None in texts else frozenset().union(*filter(None, texts))

    def for_steps(self) -> "SharedFields":
        """The fields that also apply to fallback steps, which have their own texts and times."""
        return replace(self, text=None, alternative=None, subject=None, due=0.0, gateway=None, on_unknown=None)


def read_shared_fields(send: AnySend, zone: str, now: datetime, mail: MailReader) -> SharedFields:
    """Read the fields beside ``contact``.

    Raises:
        ApiError: 422 that names each field that cannot be used.
    """
    errors: list[FieldError] = []
    is_email = isinstance(send, EmailSend)
    if not is_email and send.body and send.message and send.body != send.message:
        errors.append(FieldError("/body", "ambiguous", "'body' and 'message' differ: give the text once"))

    def text(field: str, value: str | None, *, html: bool = False) -> SharedText | None:
        try:
            return SharedText(field, compile_template(value, html=html)) if value else None
        except InvalidTemplate as error:
            errors.append(FieldError(pointer(field), "invalid_template", f"not a template: {error}"))
            return None

    has_both = is_email and bool(send.message and send.body)
    read = SharedFields(
        text=text("message", send.message, html=is_email) if send.message else text("body", send.body, html=is_email),
        alternative=text("body", send.body) if has_both else None,
        subject=text("subject", send.subject) if isinstance(send, EmailSend) else None,
        due=_due(send.schedule_at, zone, now, errors),
        gateway=send.gateway_identifier or None,
        on_unknown=send.on_unknown,
        mail=mail,
    )
    if isinstance(send, EmailSend):
        try:
            mail.read_shared(send)
        except InvalidExtra as error:
            errors.append(FieldError(pointer(*error.path), error.code, error.message))
    if errors:
        raise invalid(errors)
    return read


def _due(schedule_at: str | None, zone: str, now: datetime, errors: list[FieldError]) -> float:
    try:
        return due(schedule_at, zone, now)
    except InvalidSchedule as error:
        errors.append(FieldError("/schedule_at", error.code, error.message))
        return 0.0


def due(schedule_at: str | None, zone: str, now: datetime) -> float:
    """When a message is due, in Unix seconds; 0: at once.

    Raises:
        InvalidSchedule: the time cannot be used.
    """
    if not schedule_at:
        return 0.0
    at = parse_schedule_at(schedule_at, zone, now)
    return at.timestamp() if at > now else 0.0
