"""``xsender domain``: domains that users send emails from."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import AsJson, OfOwner, OwnerOption
from cli.output import emit
from cli.session import Session, run, run_change, run_sealed_change

if TYPE_CHECKING:
    from domain.keyring import Keyring
    from services.changes import Change
    from store.accounts.sender_domains import SenderDomain
    from store.pool import Connections

app = typer.Typer(help="Domains that users send emails from, with their DNS records.", no_args_is_help=True)

Which = Annotated[str, typer.Argument(metavar="DOMAIN", help="Its name, with --owner; or its id.")]


@app.command()
def add(
    domain: Annotated[str, typer.Argument(metavar="DOMAIN", help="Such as example.com.")],
    owner: OwnerOption = 0,
    as_json: AsJson = False,
) -> None:
    """Add a domain, and print the DNS records to enter."""
    from services.domains.rules import add_domain, make_key

    async def work(made: "Change", keyring: "Keyring") -> dict[str, Any]:
        return await _told(made.store, await add_domain(made, keyring, owner, domain, await make_key()))

    _print(run_sealed_change("domain.created", work), as_json)


@app.command("list")
def list_domains(
    owner: OfOwner = None,
    as_json: AsJson = False,
) -> None:
    """List domains, the newest first."""
    from services.domains.records import shown
    from store.accounts.sender_domains import Filter, page

    found = run(lambda session: page(session.pool, Filter(owner), 2**63 - 1, 1000))
    rows = [shown(domain) for domain in found]
    emit(rows if as_json else [_brief(row) for row in rows], as_json)


@app.command()
def show(domain: Which, owner: OwnerOption = 0, as_json: AsJson = False) -> None:
    """Show a domain with its DNS records, and what the last check found of them."""

    async def work(session: Session) -> dict[str, Any]:
        return await _told(session.pool, await _find(session.pool, domain, owner))

    _print(run(work), as_json)


@app.command()
def check(domain: Which, owner: OwnerOption = 0, as_json: AsJson = False) -> None:
    """Look up a domain's records now."""
    from domain.access.actors import COMMAND_LINE
    from gateways.net.txt_lookup import TxtLookup
    from services.changes import change
    from services.domains.look_up import look_up
    from services.domains.rules import note_check

    async def work(session: Session) -> dict[str, Any]:
        found = await _find(session.pool, domain, owner)
        looked = await look_up(session.pool, TxtLookup(session.settings.dns_servers), found)
        async with change(session.pool, COMMAND_LINE, "domain.checked") as made:
            return await _told(made.store, (await note_check(made, looked)).domain)

    _print(run(work), as_json)


@app.command("rotate-key")
def rotate_key(domain: Which, owner: OwnerOption = 0, as_json: AsJson = False) -> None:
    """Make a new key; the old one signs until a check has seen the new one's record."""
    from services.domains import rules

    async def work(made: "Change", keyring: "Keyring") -> dict[str, Any]:
        found = await _find(made.store, domain, owner)
        key = await rules.make_key(rules.next_number(found))
        return await _told(made.store, await rules.rotate_key(made, keyring, found.id, key))

    _print(run_sealed_change("domain.key_rotated", work), as_json)


@app.command()
def delete(domain: Which, owner: OwnerOption = 0, as_json: AsJson = False) -> None:
    """Delete a domain with its key. Emails that wait to be sent from it fail."""
    from services.domains.rules import remove_domain

    async def work(made: "Change") -> int:
        found = await _find(made.store, domain, owner)
        await remove_domain(made, found.id)
        return found.id

    emit({"deleted": run_change("domain.deleted", work)}, as_json)


async def _find(store: "Connections", which: str, owner: int) -> "SenderDomain":
    from domain.mail.sender_domains import normalise_domain
    from store.accounts import sender_domains

    if which.isdecimal() and len(which) < 19:
        return await sender_domains.get(store, int(which))
    return await sender_domains.named(store, owner, normalise_domain(which))


async def _told(store: "Connections", domain: "SenderDomain") -> dict[str, Any]:
    from services.domains.records import needed_terms, shown

    return shown(domain, await needed_terms(store, domain.account_id))


def _print(domain: dict[str, Any], as_json: bool) -> None:
    if as_json:
        emit(domain, as_json)
        return
    emit(_brief(domain), as_json)
    for record in domain["records"]:
        print()
        names = ("purpose", "state", "message", "type", "name", "value")
        emit({name: record[name] for name in names} | {"found": " | ".join(record["found"])}, as_json)


def _brief(domain: dict[str, Any]) -> dict[str, Any]:
    return {name: domain[name] for name in ("id", "domain", "user_id", "state", "checked_at", "problem")}
