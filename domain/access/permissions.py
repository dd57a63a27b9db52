"""What a request to the admin API may do: permissions ``resource:action``, a closed list, and roles made of them."""

from collections.abc import Collection, Iterable

from domain.access.narrowing import base, covers, is_well_formed
from domain.errors import InvalidError

PERMISSIONS: dict[str, str] = {
    "users:read": "List users and read one.",
    "users:write": "Create, change, suspend and resume users, and give them plans.",
    "users:export": "Export all data of a user, together with messages:reveal.",
    "users:act": "Work in the account of a user, as its user can.",
    "users:delete": "Delete users, and restore deleted ones.",
    "persons:read": "List erasures of persons that users know, with their proofs, which name nobody.",
    "persons:erase": "Have what a user knows of a person be erased.",
    "plans:read": "List plans and read one.",
    "plans:write": "Create and change plans; a change counts for all who have the plan.",
    "plans:delete": "Delete plans that nobody has.",
    "credits:read": "Read wallets and their journals.",
    "credits:write": "Grant and deduct credits.",
    "keys:read": "List keys, without their secrets.",
    "keys:write": "Make, replace and revoke keys, of users and of staff who may do no more than oneself.",
    "domains:read": "List sender domains and read one.",
    "domains:write": "Add, check and delete sender domains of any account, and replace their keys.",
    "gateways:read": "List gateways and read one, without its secrets.",
    "gateways:write": "Add and change gateways with their credentials, and share them.",
    "gateways:delete": "Delete gateways.",
    "gateways:pause": "Pause, drain, resume and test gateways.",
    "devices:read": "List phones with their SIMs, and pairing tokens without their texts.",
    "devices:write": "Pair, rename and revoke phones of any account, and change their SIMs.",
    "messages:read": "Read any message; its recipient is masked.",
    "messages:reveal": "Read recipients and texts as they are.",
    "messages:resolve": "Decide on messages whose outcome is unknown.",
    "messages:replay": "Send messages that failed again, for credits of their users.",
    "suppressions:read": "List who gets no more messages; recipients are masked.",
    "suppressions:write": "Suppress recipients, and end suppressions.",
    "inbound:read": "List messages from people; senders are masked, and texts left out.",
    "callbacks:read": "List callback endpoints and their deliveries, without what was posted.",
    "callbacks:write": "Enable and disable callback endpoints, and repeat deliveries.",
    "sending:read": "See what sending is paused, and why.",
    "sending:pause": "Pause and resume all sending, a channel's or a user's.",
    "batches:read": "List batches and read one.",
    "batches:write": "Pause, resume and cancel batches.",
    "sandbox:read": "Read what the sandbox gateways delivered; recipients are masked.",
    "payloads:reveal": "Decrypt payloads in Temporal's web interface.",
    "operations:read": "List long operations and read one, with its result.",
    "operations:write": "Cancel long operations.",
    "workflows:read": "List Temporal workflows, without what they carry.",
    "workflows:write": "Reset, terminate and signal Temporal workflows, many at a time.",
    "staff:read": "List staff.",
    "staff:write": "Add, change and remove staff, with roles that may do no more than oneself.",
    "roles:read": "List roles and permissions.",
    "roles:write": "Make, change and delete roles that may do no more than oneself.",
    "approvals:read": "See what waits for approval, and what needs it.",
    "approvals:decide": "Approve or deny what others request, if one may do it oneself.",
    "approvals:write": "Say what needs approval.",
    "audit:read": "Read the audit log.",
    "settings:read": "Read the settings of the whole install, without its secrets.",
    "settings:write": "Change the settings of the whole install, and send test mails of the system.",
    "usage:read": "Read how many messages were sent, and what they cost.",
    "requests:read": "Read the log of requests.",
    "overview:read": "Read how the install is doing: accounts, messages, gateways in trouble, workers.",
}
"""By permission, what it allows."""

OWNER = "owner"
"""The role that may do everything, and is never without staff once somebody has it."""

_READS = {name for name in PERMISSIONS if name.endswith(":read")}

PRESETS: dict[str, frozenset[str]] = {
    OWNER: frozenset(PERMISSIONS),
    "admin": frozenset(PERMISSIONS) - {"payloads:reveal", "workflows:write"},
    "operator": frozenset(
        {
            *("users:read", "plans:read", "domains:read", "gateways:read", "gateways:pause"),
            *("messages:read", "messages:resolve", "messages:replay", "sandbox:read"),
            *("sending:read", "sending:pause"),
            *("batches:read", "batches:write"),
            *("usage:read", "requests:read", "overview:read"),
            *("operations:read", "operations:write", "workflows:read"),
        }
    ),
    "support": frozenset(
        {
            *("users:read", "domains:read", "gateways:read"),
            *("messages:read", "batches:read", "sandbox:read", "usage:read", "requests:read"),
            *("inbound:read", "overview:read"),
        }
    ),
    "finance": frozenset(
        {
            "users:read",
            "plans:read",
            "plans:write",
            "credits:read",
            "credits:write",
            "approvals:read",
            "approvals:decide",
            "usage:read",
        }
    ),
    "marketer": frozenset({"users:read", "plans:read", "domains:read", "messages:read", "batches:read", "usage:read"}),
    "developer": frozenset(
        {
            *("users:read", "keys:read", "domains:read", "gateways:read"),
            *("messages:read", "batches:read", "sandbox:read", "usage:read", "requests:read"),
            "overview:read",
        }
    ),
    "auditor": frozenset(_READS),
    "read-only": frozenset(_READS - {"audit:read", "staff:read", "roles:read"}),
}
"""Roles that every install has. They cannot be changed."""

EVERYTHING = "*"
"""As a scope of a key: all that its role allows."""


def checked_permissions(wanted: Iterable[str], pointer: str) -> frozenset[str]:
    """These permissions, without repeats.

    Raises:
        InvalidError: one of them is none, or there are none.
    """
    permissions = frozenset(wanted)
    if unknown := sorted(one for one in permissions if base(one) not in PERMISSIONS or not is_well_formed(one)):
        message = f"there is no permission {', '.join(unknown)}: GET /api/admin/v1/permissions lists them"
        raise InvalidError("permission_unknown", message, pointer)
    if not permissions:
        raise InvalidError("permissions_empty", "name at least one permission", pointer)
    return permissions


def narrowed(role: Collection[str], scopes: Collection[str]) -> frozenset[str]:
    """What a key with these scopes may do of what its role may. Of two that overlap, the narrower one counts."""
    if EVERYTHING in scopes:
        return frozenset(role)
    return frozenset(scope for scope in scopes if covers(role, scope)) | {own for own in role if covers(scopes, own)}
