"""The pages of the panel in groups, and who sees which."""

from collections.abc import Sequence
from dataclasses import dataclass

from panel.http.viewer import Viewer
from panel.rendering.words import _


@dataclass(frozen=True, slots=True)
class Entry:
    """A page."""

    place: str
    label: str
    """In English: it is translated when it is shown."""
    path: str
    icon: str
    permission: str = ""
    """Of staff that look at all accounts; "": only within an account."""
    staff_only: bool = False
    """Of the install, not of an account."""
    shortcut: str = ""
    """The key after ``g`` that leads there."""

    def is_shown(self, viewer: Viewer) -> bool:
        """Whether it would show something."""
        if self.staff_only:
            return viewer.is_staff and self.permission in viewer.permissions
        return viewer.account is not None or (bool(self.permission) and viewer.may(self.permission))


@dataclass(frozen=True, slots=True)
class Group:
    """Pages under a heading."""

    label: str
    entries: Sequence[Entry]


_REQUESTS, _OPERATIONS = "/panel/credit-requests", "/panel/system/operations"

GROUPS = (
    Group("", (Entry("home", _("Home"), "/panel/", "house", "overview:read", shortcut="h"),)),
    Group(
        _("Send"),
        (
            Entry("send", _("Send"), "/panel/send", "send", shortcut="s"),
            Entry("campaigns", _("Campaigns"), "/panel/campaigns", "megaphone", shortcut="k"),
            Entry("batches", _("Batches"), "/panel/batches", "layers", "batches:read", shortcut="b"),
            Entry("templates", _("Templates"), "/panel/templates", "layout-template", shortcut="t"),
            Entry("messages", _("Messages"), "/panel/messages", "mail", "messages:read", shortcut="m"),
            Entry("replies", _("Replies"), "/panel/replies", "message-square-text", "inbound:read", shortcut="i"),
            Entry("failures", _("Failures"), "/panel/failures", "triangle-alert", "messages:read", shortcut="f"),
        ),
    ),
    Group(
        _("Audience"),
        (
            Entry("contacts", _("Contacts"), "/panel/contacts", "users", shortcut="c"),
            Entry("groups", _("Groups"), "/panel/groups", "folder"),
            Entry("segments", _("Segments"), "/panel/segments", "filter"),
            Entry("imports", _("Import"), "/panel/imports", "upload"),
            Entry("fields", _("Fields and purposes"), "/panel/fields", "list-checks"),
            Entry("consent", _("Consent"), "/panel/consent", "shield-check"),
            Entry("persons", _("Persons"), "/panel/persons", "user-check"),
        ),
    ),
    Group(
        _("Automate"),
        (
            Entry("automations", _("Automations"), "/panel/automations", "workflow", shortcut="a"),
            Entry("leads", _("Leads"), "/panel/leads", "user-plus", shortcut="l"),
            Entry("hooks", _("Hooks"), "/panel/hooks", "webhook"),
            Entry("secrets", _("Secrets"), "/panel/secrets", "lock"),
        ),
    ),
    Group(
        _("Connect"),
        (
            Entry("gateways", _("Gateways"), "/panel/gateways", "plug", "gateways:read", shortcut="w"),
            Entry("devices", _("Phones"), "/panel/devices", "smartphone", "devices:read", shortcut="p"),
            Entry("keys", _("API keys"), "/panel/keys", "key", "keys:read"),
            Entry("domains", _("Sender domains"), "/panel/domains", "globe", "domains:read"),
            Entry("links", _("Short links"), "/panel/links", "link"),
            Entry("reputation", _("Reputation"), "/panel/reputation", "activity"),
            Entry("callbacks", _("Callbacks"), "/panel/callbacks", "webhook", "callbacks:read"),
            Entry("requests", _("API log"), "/panel/requests", "scroll-text", "requests:read", shortcut="r"),
            Entry("reference", _("API reference"), "/panel/reference", "book-open", "requests:read"),
        ),
    ),
    Group(
        _("Money"),
        (
            Entry("credits", _("Credits"), "/panel/credits", "wallet"),
            Entry("users", _("Users"), "/panel/users", "users", "users:read", staff_only=True, shortcut="u"),
            Entry("plans", _("Plans"), "/panel/plans", "tag", "plans:read", staff_only=True),
            Entry("credit-requests", _("Credit requests"), _REQUESTS, "receipt", "credits:read", staff_only=True),
        ),
    ),
    Group(
        _("System"),
        (
            Entry("system", _("Overview"), "/panel/system", "activity", "overview:read", staff_only=True),
            Entry("own-operations", _("Operations"), "/panel/operations", "list-checks"),
            Entry("operations", _("All operations"), _OPERATIONS, "list-checks", "operations:read", staff_only=True),
            Entry("sandbox", _("Sandbox inbox"), "/panel/sandbox", "inbox", "sandbox:read", staff_only=True),
            Entry("approvals", _("Approvals"), "/panel/approvals", "badge-check", "approvals:read", staff_only=True),
            Entry("audit", _("Audit log"), "/panel/audit", "scroll-text", "audit:read", staff_only=True),
            Entry("staff", _("Staff"), "/panel/staff", "user-cog", "staff:read", staff_only=True),
            Entry("roles", _("Roles"), "/panel/roles", "shield-check", "roles:read", staff_only=True),
            Entry("settings", _("Settings"), "/panel/settings", "settings", "settings:read", staff_only=True),
        ),
    ),
)


def shown_to(viewer: Viewer) -> list[Group]:
    """What this viewer sees."""
    shown = [Group(group.label, [one for one in group.entries if one.is_shown(viewer)]) for group in GROUPS]
    return [group for group in shown if group.entries]
