"""The settings of the install, as fields of forms in groups."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from panel.http.forms import Form
from panel.http.values import listed, number
from panel.rendering.words import _


@dataclass(frozen=True, slots=True)
class Field:
    """A setting. ``name``: with dots, as the API names it in ``sources``."""

    name: str
    label: str
    kind: str = "text"
    """``text``, ``number``, ``list``, ``colour`` or ``choice``."""
    hint: str = ""
    placeholder: str = ""
    choices: tuple[tuple[str, str], ...] = ()

    @property
    def pointer(self) -> str:
        """Its place in the API's body."""
        return "/" + self.name.replace(".", "/")

    def value_in(self, settings: Mapping[str, Any]) -> Any:
        """What holds now."""
        value: Any = settings
        for part in self.name.split("."):
            value = value[part]
        return value

    def shown(self, value: Any) -> str:
        """As a text in the form."""
        if value is None:
            return ""
        if self.kind == "list":
            return "\n".join(value)
        return f"{value:g}" if isinstance(value, float) else str(value)

    def entered(self, form: Form) -> Any:
        """As the API takes it; ``None``: what is set is removed."""
        if self.kind == "list":
            return listed(form.raw(self.name)) or None
        return number(form.text(self.name)) if self.kind == "number" else form.text(self.name) or None


GROUPS: dict[str, tuple[str, str, tuple[Field, ...]]] = {
    "general": (
        _("General"),
        "",
        (
            Field("public_url", _("Address of this install"), hint=_("Links in mails begin with it.")),
            Field("default_time_zone", _("Time zone of new users"), placeholder="Europe/Paris"),
            Field("default_region", _("Country of numbers without a country code"), placeholder="FR"),
            Field(
                "allowed_countries",
                _("Countries of numbers"),
                "list",
                _("Two letters each, one a line. Empty: all are accepted."),
            ),
        ),
    ),
    "branding": (
        _("Branding"),
        _("How mails of the system, and pages for people outside, look."),
        (
            Field("branding.product_name", _("Name of the product")),
            Field("branding.logo_url", _("Address of the logo"), placeholder="https://example.com/logo.png"),
            Field("branding.colour", _("Colour"), "colour"),
            Field("branding.background", _("Background"), "colour"),
            Field("branding.support_address", _("Address for support")),
            Field("branding.footer", _("Last line of mails")),
        ),
    ),
    "sending": (
        _("Sending"),
        "",
        (
            Field(
                "reputation_guard",
                _("When many messages are reported as bad"),
                "choice",
                choices=(("off", _("Do nothing")), ("warn", _("Warn the staff")), ("pause", _("Pause the sending"))),
            ),
            Field("unknown_days", _("Days until an unknown outcome is decided"), "number"),
            Field(
                "unknown_ends_as",
                _("It is decided as"),
                "choice",
                choices=(("failed", _("Failed")), ("sent", _("Sent"))),
            ),
            Field(
                "private_call_hosts",
                _("Private hosts that automations may call"),
                "list",
                _("One a line, such as crm.internal or 10.0.0.5:8080."),
            ),
        ),
    ),
    "security": (
        _("Security"),
        "",
        (
            Field(
                "require_second_factor",
                _("Who must have a second factor"),
                "choice",
                choices=(("none", _("Nobody")), ("staff", _("The staff")), ("all", _("Everybody"))),
            ),
            Field(
                "admin_network.allow",
                _("Networks that may administrate"),
                "list",
                _("Addresses or networks, one a line. Empty: all. Take care that yours is among them."),
                "10.0.0.0/8",
            ),
            Field("admin_network.deny", _("Networks that may not"), "list"),
        ),
    ),
    "retention": (
        _("What is kept"),
        "",
        (
            Field("retention.keep_months", _("Months of messages"), "number", _("Empty: for ever.")),
            Field("retention.inbound_days", _("Days of replies"), "number", _("At least 30. Empty: for ever.")),
            Field("retention.request_log_days", _("Days of the log of requests"), "number"),
            Field("retention.proof_days", _("Days of proofs of payment, after the decision"), "number"),
        ),
    ),
    "alerts": (
        _("Alerts"),
        "",
        (
            Field(
                "alert_emails",
                _("Who is mailed"),
                "list",
                _("One address a line. Empty: staff that may pause sending."),
            ),
        ),
    ),
}


def changes(group: str, form: Form, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What differs from what holds, as a body for the API: what stays is not named, so that defaults stay defaults."""
    body: dict[str, Any] = {}
    for field in GROUPS[group][2]:
        entered, now = field.entered(form), field.value_in(settings)
        if entered == now or (entered is None and now == []):
            continue
        part = body
        *parents, last = field.name.split(".")
        for parent in parents:
            part = part.setdefault(parent, {})
        part[last] = entered
    return body
