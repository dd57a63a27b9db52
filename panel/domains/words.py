"""How domains and their records stand, in words. English: it is translated where it is shown."""

from panel.rendering.words import Look, _

STATES: dict[str, Look] = {
    "unverified": Look("warn", "circle-dashed", _("Not verified")),
    "verified": Look("good", "badge-check", _("Verified")),
    "failing": Look("bad", "triangle-alert", _("About to be lost")),
}
STATES_TOLD: dict[str, str] = {
    "unverified": _("Enter the records below where the domain is managed, then check."),
    "verified": _("You may send from it."),
    "failing": _("You still may send from it, but a required record is gone. Enter it again."),
}
RECORDS: dict[str, Look] = {
    "unchecked": Look("calm", "circle-dashed", _("Not checked yet")),
    "found": Look("good", "circle-check", _("Found")),
    "missing": Look("bad", "circle-x", _("Missing")),
    "different": Look("warn", "triangle-alert", _("Different")),
    "unanswered": Look("calm", "circle-help", _("The DNS gave no answer")),
}
PURPOSES: dict[str, tuple[str, str]] = {
    "ownership": (_("Ownership"), _("Shows that the domain is yours. Leave it there.")),
    "alias": (_("Alias"), _("Leads whoever follows a link to this install.")),
    "dkim": ("DKIM", _("Signs your emails, so that receivers see that they come from you, unchanged.")),
    "dkim_next": (_("DKIM, new key"), _("Enter it beside the old one. The check that finds it changes over.")),
    "spf": ("SPF", _("Which servers may send for the domain. It must have one such record only.")),
    "dmarc": ("DMARC", _("What receivers do with emails that prove nothing.")),
}
FILTERS = (
    ("", _("All")),
    ("verified", _("Verified")),
    ("failing", _("About to be lost")),
    ("unverified", _("Not verified")),
)


def short_name(name: str, domain: str) -> str:
    """A record's name as many DNS services want it: without the domain."""
    bare = name.rstrip(".")
    return "@" if bare == domain else bare.removesuffix(f".{domain}")
