"""``xsender key``: API keys. A key is printed once, when it is made."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from cli.options import AsJson, user_id, words
from cli.output import emit
from cli.session import run, run_change, run_sealed_change
from domain.errors import InvalidError

app = typer.Typer(help="API keys of users and of the admin.", no_args_is_help=True)

_LONGEST_DAYS = 36_500
_LONGEST_OVERLAP = 30 * 24 * 3600

ForUser = Annotated[int | None, typer.Option("--user", parser=user_id, metavar="ID", help="The user's id.")]
ForAdmin = Annotated[bool, typer.Option("--admin", help="The admin's.")]
KeyId = Annotated[str, typer.Argument(metavar="KEY_ID", help="The key's id, as 'xsender key list' shows it.")]


@app.command()
def create(
    user: ForUser = None,
    admin: ForAdmin = False,
    staff: Annotated[int | None, typer.Option("--staff", min=1, metavar="ID", help="Of a member of staff.")] = None,
    name: Annotated[str, typer.Option("--name", help="What the key is for.")] = "",
    scopes: Annotated[
        str | None,
        typer.Option("--scopes", "--scope", help="Of a user e.g. send,channel:sms; left out: send,read; else all."),
    ] = None,
    allowed_ips: Annotated[
        str | None, typer.Option("--allowed-ips", help="Addresses or networks, e.g. 192.0.2.7,2001:db8::/32.")
    ] = None,
    expires_in_days: Annotated[int | None, typer.Option("--expires-in-days", min=1, max=_LONGEST_DAYS)] = None,
    test: Annotated[
        bool, typer.Option("--test", help="A user's messages go to the sandbox, and cost nothing.")
    ] = False,
    rate_class: Annotated[str | None, typer.Option("--rate-class", help="standard, high or unlimited.")] = None,
    spend_cap: Annotated[
        int | None, typer.Option("--spend-cap", min=1, metavar="CREDITS", help="The most that it spends in a day.")
    ] = None,
    certificate: Annotated[
        str | None, typer.Option("--certificate", metavar="SHA256", help="Of the client certificate that it needs.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it. It cannot be shown again."""
    from domain.access.api_keys import MintedKey
    from domain.keyring import Keyring
    from services.accounts import keys
    from services.changes import Change

    if [user is not None, admin, staff is not None].count(True) != 1:
        raise InvalidError("owner", "Choose whose key: either --user ID, --staff ID, or --admin.")
    new = keys.NewKey(
        name,
        None if scopes is None else words(scopes),
        None if allowed_ips is None else keys.networks(words(allowed_ips)),
        None if expires_in_days is None else datetime.now(UTC) + timedelta(days=expires_in_days),
        *(test, rate_class, spend_cap, None if certificate is None else keys.fingerprint(certificate)),
    )

    async def issue(made: Change, keyring: Keyring) -> MintedKey:
        if staff is not None:
            return await keys.issue_staff_key(made, staff, new)
        if user is not None:
            return await keys.issue_user_key(made, keyring, user, new)
        return await keys.issue_admin_key(made, new)

    minted = run_sealed_change("key.issued", issue)
    kind = "staff" if staff is not None else "user" if user is not None else "admin"
    emit({"key": minted.text, "id": minted.id, "kind": kind, "user_id": user, "test": test}, as_json)


@app.command("list")
def list_keys(user: ForUser = None, admin: ForAdmin = False, as_json: AsJson = False) -> None:
    """List the keys of a user or of the admin, without their secrets."""
    from store.accounts.api_keys import list_keys

    owner = _owner(user, admin)
    emit(run(lambda session: list_keys(session.pool, owner)), as_json)


@app.command()
def roll(
    key_id: KeyId,
    overlap: Annotated[
        int, typer.Option("--overlap", min=0, max=_LONGEST_OVERLAP, help="Seconds that the old key still works.")
    ] = 3600,
    as_json: AsJson = False,
) -> None:
    """Replace a key by a new one with the same rights, and print that."""
    from services.accounts.keys import roll_key

    minted = run_change("key.rolled", lambda made: roll_key(made, key_id, overlap))
    emit({"key": minted.text, "id": minted.id, "replaces": key_id}, as_json)


@app.command()
def revoke(key_id: KeyId, as_json: AsJson = False) -> None:
    """Revoke a key permanently."""
    from services.accounts.keys import revoke_key

    run_change("key.revoked", lambda made: revoke_key(made, key_id))
    emit({"id": key_id, "revoked": True}, as_json)


def _owner(user: int | None, admin: bool) -> int:
    if (user is None) != admin:
        raise InvalidError("owner", "Choose whose keys: either --user ID or --admin.")
    return user or 0
