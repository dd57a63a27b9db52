"""Fields that a request gives once for all of its contacts: texts, possibly templates, and sending options."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from domain.errors import FieldError, invalid, pointer
from domain.links.shortening import NO_LINKS, LinkRules
from domain.messages.schedule import InvalidSchedule, parse_schedule_at
from domain.text.template_errors import InvalidTemplate, TemplateTooHeavy
from domain.text.template_language import REFUSED, Gaps
from domain.text.templates import Template, compile_template
from services.contacts.mail.extras import InvalidExtra, MailReader
from services.contacts.models import AnySend, EmailSend


@dataclass(frozen=True, slots=True)
class SharedText:
    """A text of the request, for contacts without one of their own."""

    field: str
    """Its field in the request, or in the template that the request names."""
    template: Template
    gaps: Gaps = REFUSED
    """What is done about missing variables."""
    of_template: str | None = None
    """The key of the template that the request names; ``None``: it is the request's own text."""
    skips: bool = False
    """Whether contacts that lack a variable get no message, instead of an error."""

    @property
    def described(self) -> str:
        """As errors name it."""
        if self.of_template is None:
            return f"the request's {self.field!r}"
        return f"the {self.field!r} of the template {self.of_template!r}"

    def fill(self, fields: Mapping[str, object]) -> str:
        """The text for a contact with these fields.

        Raises:
            MissingField, InvalidTemplate: it cannot be filled from this contact.
            ApiError: 422, filling it takes too long.
        """
        try:
            return self.template.render(fields, self.gaps)
        except TemplateTooHeavy as error:
            place = pointer("template" if self.of_template else self.field)
            raise invalid([FieldError(place, "template_too_heavy", str(error))]) from None


@dataclass(frozen=True, slots=True)
class SharedProvider:
    """A template of the provider, for contacts without one of their own."""

    value: Any
    """JSON in which strings are ``SharedText``."""

    def fill(self, read: Callable[[SharedText], str]) -> dict[str, Any]:
        """The template for a contact; ``read`` fills a text."""

        def filled(value: Any) -> Any:
            if isinstance(value, SharedText):
                return read(value)
            if isinstance(value, dict):
                return {key: filled(inner) for key, inner in value.items()}
            return [filled(inner) for inner in value] if isinstance(value, list) else value

        made: dict[str, Any] = filled(self.value)
        return made

    def texts(self) -> Iterator[SharedText]:
        """All of its texts."""
        return _texts_in(self.value)


def _texts_in(value: Any) -> Iterator[SharedText]:
    if isinstance(value, SharedText):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts_in(inner)


def shared_by(value: Any, share: Callable[[Template], SharedText]) -> SharedProvider:
    """A template of the provider, from JSON whose strings are ``Template``."""

    def shared(value: Any) -> Any:
        if isinstance(value, Template):
            return share(value)
        if isinstance(value, dict):
            return {name: shared(inner) for name, inner in value.items()}
        return [shared(inner) for inner in value] if isinstance(value, list) else value

    return SharedProvider(shared(value))


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
    provider: SharedProvider | None = None
    """A WhatsApp template of the provider."""
    links: LinkRules = NO_LINKS
    """What is done with links."""
    is_text_only: bool = False
    """Whether ``text`` is an email's plain text, and there is no HTML."""

    def template_names(self) -> frozenset[str] | None:
        """The fields of contacts that its texts may look at; ``None``: any."""
        texts = [shared.template.names for shared in (self.text, self.alternative, self.subject) if shared]
        if self.provider is not None:
            texts += [shared.template.names for shared in self.provider.texts()]
        return None if None in texts else frozenset().union(*filter(None, texts))

    def for_steps(self) -> "SharedFields":
        """The fields that also apply to fallback steps, which have their own texts and times."""
        return replace(
            self,
            text=None,
            alternative=None,
            subject=None,
            due=0.0,
            gateway=None,
            on_unknown=None,
            provider=None,
            is_text_only=False,
        )


def read_shared_fields(send: AnySend, zone: str, now: datetime, mail: MailReader, links: LinkRules) -> SharedFields:
    """Read the fields beside ``contact``. ``links``: what is done with links.

    Raises:
        ApiError: 422 that names each field that cannot be used.
    """
    errors: list[FieldError] = []
    is_email = isinstance(send, EmailSend)
    if not is_email and send.body and send.message and send.body != send.message:
        errors.append(FieldError("/body", "ambiguous", "'body' and 'message' differ: give the text once"))
    if send.template is not None:
        given = [name for name in ("subject", "message", "body") if getattr(send, name, None)]
        advice = "give either 'template' or texts beside 'contact'"
        errors += [FieldError(pointer(name), "ambiguous", advice) for name in given]

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
        links=links,
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
