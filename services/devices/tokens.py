"""Rules for tokens that pair phones: who may make them, for which gateway, and for how long."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from domain.audience.contacts.contact import new_contact_id
from domain.devices.tokens import (
    CODE_LIFE,
    LONGEST_LIFE,
    MOST_CODES,
    MOST_TOKENS,
    SHORTEST_LIFE,
    TokenKind,
    digest_of,
    life,
    new_pairing_token,
)
from domain.errors import ConflictError, InvalidError, NotFoundError
from domain.keyring import Keyring
from services.accounts import own_gateways
from services.changes import Change
from services.devices.finding import find_device
from services.gateways import add_gateway
from store.accounts.plans import allow_own_gateways
from store.devices import tokens
from store.devices.tokens import NewToken, Terms, Token
from store.gateways import gateways
from store.gateways.gateways import GatewayInfo, NewGateway

CHANNEL, TYPE, IDENTIFIER = "sms", "android", "android"
"""Of gateways that are pools of phones; the identifier of the one that an account gets with its first token."""
MOST_USABLE = 10_000
"""Tokens of an account that can be used."""
_TRIES = 5
"""To find codes that nobody has."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Tokens that are to be made."""

    count: int = 1
    gateway: str | None = None
    """Id or identifier; ``None``: the account's gateway ``android``, which is made if it has none."""
    device: UUID | None = None
    """The phone that the token pairs again."""
    kind: TokenKind | None = None
    """``None``: as the phone needs it, else a token."""
    label: str | None = None
    expires_in: int | None = None
    """Seconds; ``None``: as it is usual."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A token with its text, which is shown once."""

    token: Token
    text: str = field(repr=False)


async def issue(change: Change, keyring: Keyring, account_id: int, wanted: Wanted) -> Sequence[Issued]:
    """Make tokens that pair phones with a gateway of an account.

    Raises:
        NotFoundError: there is no such gateway, or no such device.
        ForbiddenError: the plan has no gateways of one's own.
        InvalidError: the gateway is no pool of phones, or tokens of this kind cannot be so many or last so long.
        ConflictError: the account has too many tokens.
    """
    if change.actor.type == "user":
        await own_gateways.check_plan(change, account_id)
    terms = await _terms(change, keyring, account_id, wanted)
    if await tokens.count_usable(change.store, account_id) + wanted.count > MOST_USABLE:
        message = f"an account has at most {MOST_USABLE:,} pairing tokens that can be used: revoke some"
        raise ConflictError("too_many_device_tokens", message)
    issued: list[Issued] = []
    for _ in range(_TRIES):
        texts = {new_contact_id(): new_pairing_token(TokenKind(terms.kind)) for _ in range(wanted.count - len(issued))}
        added = await tokens.add(change.store, terms, [NewToken(id_, digest_of(text)) for id_, text in texts.items()])
        issued += [Issued(token, texts[token.id]) for token in added]
        if len(issued) == wanted.count:
            break
    change.metadata |= {"tokens": len(issued), "kind": terms.kind}
    return issued


async def issue_for_device(
    change: Change,
    keyring: Keyring,
    account_id: int | None,
    device_id: UUID,
    kind: TokenKind | None = None,
    expires_in: int | None = None,
) -> Sequence[Issued]:
    """Make a token that pairs a device again, whose it is (``account_id`` ``None``) or of an account.

    Raises:
        XsenderError: as in ``issue``.
    """
    found = await find_device(change, account_id, device_id)
    wanted = Wanted(device=device_id, kind=kind, expires_in=expires_in)
    return await issue(change, keyring, found.account_id, wanted)


async def revoke(change: Change, account_id: int | None, token_id: UUID) -> None:
    """Delete a token, so that nobody can use it. The device of one that was used stays paired.

    Raises:
        NotFoundError: the account has no such token.
    """
    found = await tokens.find(change.store, token_id, account_id)
    if found is None:
        raise NotFoundError("device_token_not_found", f"there is no pairing token with the id {token_id}")
    change.about("device_token", found.id, found.label or "")
    await tokens.delete(change.store, token_id)


async def _terms(change: Change, keyring: Keyring, account_id: int, wanted: Wanted) -> Terms:
    device = None if wanted.device is None else await find_device(change, account_id, wanted.device)
    kind = wanted.kind or (TokenKind.CODE if device and device.protocol == "smsgate" else TokenKind.TOKEN)
    _check_count(kind, wanted)
    seconds = life(kind, wanted.count) if wanted.expires_in is None else wanted.expires_in
    longest = CODE_LIFE if kind is TokenKind.CODE else LONGEST_LIFE
    if not SHORTEST_LIFE <= seconds <= longest:
        message = f"a {kind} can be used for {SHORTEST_LIFE} to {longest:,} seconds"
        raise InvalidError("token_life", message, "/expires_in")
    named = wanted.gateway
    if device is not None and await _named(change, account_id, str(device.gateway_id)) is not None:
        named = str(device.gateway_id)
    gateway = await _gateway(change, keyring, account_id, named)
    return Terms(account_id, gateway.id, kind, wanted.device, wanted.label, seconds)


def _check_count(kind: TokenKind, wanted: Wanted) -> None:
    if wanted.device is not None and (wanted.count != 1 or wanted.gateway is not None):
        raise InvalidError("token_of_device", "one token pairs a phone again, with the gateway that it has", "/device")
    most = MOST_CODES if kind is TokenKind.CODE else MOST_TOKENS
    if not 1 <= wanted.count <= most:
        raise InvalidError("token_count", f"make 1 to {most:,} of a {kind} at once", "/count")


async def _gateway(change: Change, keyring: Keyring, account_id: int, named: str | None) -> GatewayInfo:
    found = await _named(change, account_id, named or IDENTIFIER)
    if found is None and named is None:
        await allow_own_gateways(change.store, account_id)  # of several at once, one makes it
        found = await _named(change, account_id, IDENTIFIER) or await _made(change, keyring, account_id)
    if found is None:
        raise NotFoundError("gateway_not_found", f"there is no gateway {named} of type {TYPE}")
    change.about("gateway", found.id, found.identifier)
    if found.type != TYPE:
        raise InvalidError("gateway_not_android", f"the gateway {found.identifier} is not of type {TYPE}", "/gateway")
    return found


async def _named(change: Change, account_id: int, named: str) -> GatewayInfo | None:
    try:
        found = await gateways.get(change.store, UUID(named))
    except ValueError:
        own = await gateways.named(change.store, account_id, named, CHANNEL)
        return own[0] if own else None
    except NotFoundError:
        return None
    return found if found.account_id == account_id else None


async def _made(change: Change, keyring: Keyring, account_id: int) -> GatewayInfo:
    new = NewGateway(account_id, CHANNEL, IDENTIFIER, TYPE, {})
    if change.actor.type == "user":
        return await own_gateways.add_own_gateway(change, keyring, new)
    return await add_gateway(change, keyring, new)
