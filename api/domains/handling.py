"""Requests about sender domains, as their accounts and as staff make them."""

from collections.abc import Sequence
from typing import Any

from fastapi import Request, Response

from api.callbacks.waking import wake_callbacks
from api.http.errors import ApiError
from api.http.idempotency import KeyClaim
from api.http.state import AppState, state_of
from api.resources.changing import Answer, answer_one, check_match, perform, perform_once
from api.resources.listing import below_id, listed
from domain.access.actors import Actor
from domain.errors import ConflictError
from domain.mail.sender_domains import normalise_domain
from domain.request_rates import Rate
from gateways.net.txt_lookup import TxtLookup
from services.changes import Change
from services.domains import rules
from services.domains.look_up import look_up
from services.domains.records import needed_terms, shown
from services.reputation.warm_ups import head
from store.accounts import sender_domains
from store.accounts.sender_domains import Filter, SenderDomain
from store.pool import Connections
from store.reputation import warm_ups
from store.reputation.warm_ups import Warmed


async def add(request: Request, actor: Actor, raw: bytes, account_id: int, name: str, dry_run: bool) -> Response:
    """Add a domain to an account."""
    state = state_of(request)
    normalise_domain(name)  # before a key is made for it
    await _count(state, account_id, rules.KEY_RATE, "keys")
    key = await rules.make_key()

    async def work(made: Change, _: KeyClaim) -> Answer:
        domain = await rules.add_domain(made, state.keyring, account_id, name, key)
        return "added: enter the records at your DNS service", await told(made.store, domain)

    return await perform_once(request, actor, "domain.created", raw, work, dry_run=dry_run)


async def page(request: Request, wanted: Filter, limit: int, cursor: str | None, form: str | None) -> Response:
    """A list of domains."""
    pool = state_of(request).pool

    async def fetch(below: int, most: int) -> Sequence[SenderDomain]:
        return await sender_domains.page(pool, wanted, below, most)

    return await listed(request, limit, cursor, form, below_id(fetch), shown)


async def read(request: Request, domain_id: int, account_id: int | None = None) -> Response:
    """One domain; ``account_id``: if it is this account's."""
    pool = state_of(request).pool
    return answer_one(await told(pool, await sender_domains.get(pool, domain_id, account_id)))


async def remove(request: Request, actor: Actor, domain_id: int, account_id: int | None, dry_run: bool) -> Response:
    """Delete a domain."""

    async def work(made: Change) -> Answer:
        domain = await rules.find_domain(made, domain_id, account_id)
        check_match(request, await told(made.store, domain))
        await rules.remove_domain(made, domain_id, account_id)
        return "deleted", None

    return await perform(request, actor, "domain.deleted", work, dry_run=dry_run)


async def check(request: Request, actor: Actor, domain_id: int, account_id: int | None, dry_run: bool) -> Response:
    """Ask the DNS now.

    Raises:
        ConflictError: the domain is verified for another account.
    """
    state = state_of(request)
    domain = await sender_domains.get(state.pool, domain_id, account_id)
    await _count(state, domain.account_id, rules.CHECK_RATE, "domain checks")
    looked = await look_up(state.pool, TxtLookup(state.settings.dns_servers), domain)
    noted = rules.Noted(domain)

    async def work(made: Change) -> Answer:
        nonlocal noted
        noted = await rules.note_check(made, looked)
        return f"checked: {noted.domain.state}", await told(made.store, noted.domain)

    answer = await perform(request, actor, "domain.checked", work, dry_run=dry_run)
    if noted.domain.problem is not None:
        raise ConflictError(rules.TAKEN, noted.domain.problem)
    if not dry_run:
        await wake_callbacks(state, noted.endpoints)
    return answer


async def rotate(
    request: Request, actor: Actor, raw: bytes, domain_id: int, account_id: int | None, dry_run: bool
) -> Response:
    """Make a new key for a domain."""
    state = state_of(request)
    domain = await sender_domains.get(state.pool, domain_id, account_id)
    await _count(state, domain.account_id, rules.KEY_RATE, "keys")
    key = await rules.make_key(rules.next_number(domain))

    async def work(made: Change, _: KeyClaim) -> Answer:
        after = await rules.rotate_key(made, state.keyring, domain_id, key, account_id)
        return "enter the new record; the new key is used once it is seen", await told(made.store, after)

    return await perform_once(request, actor, "domain.key_rotated", raw, work, dry_run=dry_run)


async def told(store: Connections, domain: SenderDomain) -> dict[str, Any]:
    """A domain, as it is answered."""
    warm_up = head(await warm_ups.of(store, Warmed(domain_id=domain.id)))
    return shown(domain, await needed_terms(store, domain.account_id)) | {"warm_up": warm_up}


async def _count(state: AppState, account_id: int, rate: Rate, what: str) -> None:
    wait = await rules.take_turn(state.pool, account_id, rate, what)
    if wait > 0:
        raise ApiError(429, "rate_limited", f"too many {what} in a short time: wait {wait:.0f} s", retry_after=wait)
