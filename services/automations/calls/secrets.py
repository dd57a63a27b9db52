"""Secrets by name, which steps of automations send or sign with. Nobody reads their values again."""

import re
from collections.abc import Sequence

from domain.automations.shapes.common import KEY
from domain.errors import ConflictError, FieldError, InvalidError, NotFoundError, invalid, pointer
from domain.keyring import Keyring
from gateways.webhooks.standard_webhooks import key_of
from services.accounts.users import find_account
from services.changes import Change
from store.automations import secrets
from store.automations.secrets import SecretInfo

MOST = 100
"""Secrets of an account."""
MOST_VALUE = 4_000
MOST_HOSTS = 20
SIGNING = "signing"
"""The secret that calls are signed with, in the form of Standard Webhooks."""

_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|\[?[0-9a-f:.]{2,45}\]?")


async def put(
    change: Change, keyring: Keyring, account_id: int, name: str, value: str, hosts: Sequence[str]
) -> SecretInfo:
    """Set a secret, new or not. ``hosts``: the only ones that it is sent to; empty: those that definitions name.

    Raises:
        InvalidError: the name, the value or a host is none.
        ConflictError: the account has too many.
    """
    await find_account(change, account_id)
    if KEY.pattern is None or not re.fullmatch(KEY.pattern, name):
        raise InvalidError("secret_name", f"the name of a secret is {KEY.what}", "/name")
    hosts = sorted({host.strip().lower().removesuffix(".") for host in hosts})
    if faults := _faults(name, value, hosts):
        raise invalid(faults)
    known = {found.name: found for found in await secrets.of_account(change.store, account_id)}
    if name not in known and len(known) >= MOST:
        raise ConflictError("too_many_secrets", f"an account has at most {MOST} secrets: delete those not in use")
    made = await secrets.put(change.store, keyring, account_id, name, value, hosts)
    before = known.get(name)
    change.about("secret", name)
    old = {"hosts": before.hosts, "value": "before"} if before else {}
    change.compare(old, {"hosts": made.hosts, "value": "now"}, hidden=["value"])
    return made


def _faults(name: str, value: str, hosts: Sequence[str]) -> list[FieldError]:
    faults = []
    if len(value) > MOST_VALUE or not _VALUE.fullmatch(value):
        words = f"a value has 1 to {MOST_VALUE} printable ASCII characters, and no space at its ends"
        faults.append(FieldError("/value", "secret_value", words))
    elif name == SIGNING:
        try:
            key_of(value)
        except ValueError as error:
            faults.append(FieldError("/value", "secret_value", f"calls are signed with it: it {error}"))
    if len(hosts) > MOST_HOSTS:
        faults.append(FieldError("/hosts", "secret_host", f"a secret has at most {MOST_HOSTS} hosts"))
    for number, host in enumerate(hosts):
        if not _HOST.fullmatch(host):
            faults.append(FieldError(pointer("hosts", number), "secret_host", "write a host, such as api.example.com"))
    return faults


async def remove(change: Change, account_id: int, name: str) -> None:
    """Delete a secret. Steps that name it fail from now on.

    Raises:
        NotFoundError: there is none of this name.
    """
    if not await secrets.remove(change.store, account_id, name):
        raise NotFoundError("secret_not_found", f"there is no secret {name!r}: GET /api/secrets lists yours")
    change.about("secret", name)


def may_go_to(hosts: Sequence[str], host: str) -> bool:
    """Whether a secret of these hosts may be sent to one."""
    return not hosts or host in hosts
