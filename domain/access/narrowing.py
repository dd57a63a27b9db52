"""Permissions narrowed to an object: ``users:read@7``, ``gateways:pause@<id>``, ``messages:read@channel:sms``."""

import re
from collections.abc import Collection, Mapping

from domain.channels import Channel

NARROWED_BY: dict[str, str] = {
    "users": "account",
    "persons": "account",
    "credits": "account",
    "gateways": "gateway",
    "messages": "channel",
}
"""By resource, of what kind the object is: a user, by id; a gateway, by id; a channel, as ``channel:sms``."""

_FORMS = {
    "account": re.compile("[1-9][0-9]{0,18}"),
    "gateway": re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "channel": re.compile(f"channel:({'|'.join(Channel)})"),
}

Named = Mapping[str, str]
"""The objects that a request names, by kind, in the form in which permissions have them."""


def base(permission: str) -> str:
    """The permission without its object."""
    return permission.partition("@")[0]


def kind_of(permission: str) -> str | None:
    """Of what kind the object of a permission is; ``None``: it cannot be narrowed."""
    return NARROWED_BY.get(permission.partition(":")[0])


def is_well_formed(permission: str) -> bool:
    """Whether the object of a permission, if it has one, can be one."""
    _, at, object_ = permission.partition("@")
    kind = kind_of(permission)
    return not at or (kind is not None and _FORMS[kind].fullmatch(object_) is not None)


def covers(held: Collection[str], wanted: str) -> bool:
    """Whether these permissions include another one: it is among them, or is without its object."""
    return wanted in held or base(wanted) in held


def allows(held: Collection[str], permission: str, named: Named) -> bool:
    """Whether these permissions allow what needs one, of a request that names objects."""
    if permission in held:
        return True
    object_ = named.get(kind_of(permission) or "")
    return object_ is not None and f"{permission}@{object_}" in held


def objects_of(held: Collection[str], permission: str) -> list[str]:
    """For which objects these permissions include one, if not for all."""
    return sorted(one.partition("@")[2] for one in held if one.startswith(f"{permission}@"))


def are_narrowed(held: Collection[str]) -> bool:
    """Whether one of these permissions is for an object only."""
    return any("@" in permission for permission in held)
