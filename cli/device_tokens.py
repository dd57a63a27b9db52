"""Tokens that pair phones, from the command line. Each is printed once, when it is made."""

import csv
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import typer

from cli.options import AsJson, OfOwner, OwnerOption
from cli.output import emit
from cli.session import Session, run, run_change, run_connected_change
from domain.errors import InvalidError

if TYPE_CHECKING:
    from domain.devices.tokens import TokenKind
    from services.changes import Change
    from services.devices.tokens import Issued

_COLUMNS = ("token", "url", "expires_at", "gateway", "label", "id")
"""Of the CSV. Emulated phones read the first one."""
_LISTED = ("id", "user_id", "kind", "label", "state", "expires_at", "used_by", "device_id")
_BLACK_ON_WHITE, _AS_BEFORE = "\x1b[97;40m", "\x1b[0m"
_SCANNED = """\
Scan it with the phone, or enter it as the pairing token.
For the app "SMS Gateway for Android" make a code: --kind code.
To try it without a phone: xsender phone --url {install} --token {token}"""
_TYPED = """\
In the app "SMS Gateway for Android": Settings > Cloud server > API URL is the url above. Then switch "Cloud server" on
at Home, and enter the code under "By Code". Restart the app when it says that settings have changed.
To try it without a phone: xsender phone --url {install} --door smsgate --code {token}"""
_NEEDS_HTTPS = "The app accepts only https: set the install's public_url to the https address that phones reach."


def _seconds(text: str) -> int:
    from domain.audience.conditions.values import duration

    try:
        return int(duration(text).total_seconds())
    except ValueError:
        raise typer.BadParameter(f"'{text}' is no length of time: write 90s, 15m, 24h or 7d") from None


WhichDevice = Annotated[UUID, typer.Argument(metavar="DEVICE", help="Its id, as 'xsender device list' shows it.")]
Kind = Annotated[
    Literal["token", "code"] | None,
    typer.Option("--kind", help="code: six characters, as the app 'SMS Gateway for Android' asks for."),
]
Life = Annotated[
    int | None,
    typer.Option(
        "--expires-in", parser=_seconds, metavar="TIME", help="As 24h; left out: 15m, of more than 20 tokens 7d."
    ),
]


def make_tokens(
    owner: OwnerOption = 0,
    gateway: Annotated[
        str | None,
        typer.Option("--gateway", help="Its identifier or id; left out: 'android', which is made if need be."),
    ] = None,
    count: Annotated[int, typer.Option("--count", help="How many phones.")] = 1,
    kind: Kind = None,
    label: Annotated[str | None, typer.Option("--label", help="For whom they are.")] = None,
    expires_in: Life = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV with a header, for a device management.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make tokens, each of which pairs one phone, and print them. They cannot be shown again.

    One alone is drawn as a QR code.
    """
    from services.devices.tokens import Wanted, issue

    if as_csv and as_json:
        raise InvalidError("format", "Choose either --csv or --json.")
    wanted = Wanted(count, gateway, None, _kind(kind), label, expires_in)

    async def work(session: Session, made: "Change") -> list[dict[str, Any]]:
        return await _shown(session, made, await issue(made, session.keyring, owner, wanted))

    rows = run_connected_change("device_tokens.created", work)
    if as_csv:
        _print_csv(rows)
    elif as_json or len(rows) > 1:
        emit(rows if as_json else [{name: row[name] for name in _COLUMNS} for row in rows], as_json)
    else:
        _print_one(rows[0])


def pair(
    device: WhichDevice,
    kind: Kind = None,
    expires_in: Life = None,
    as_json: AsJson = False,
) -> None:
    """Make a token that pairs a phone again, and print it. It stays the same device, with its SIMs and their caps."""
    from services.devices.tokens import issue_for_device

    async def work(session: Session, made: "Change") -> list[dict[str, Any]]:
        issued = await issue_for_device(made, session.keyring, None, device, _kind(kind), expires_in)
        return await _shown(session, made, issued)

    (row,) = run_connected_change("device_tokens.created", work)
    if as_json:
        emit(row, as_json)
    else:
        _print_one(row)


def list_tokens(
    owner: OfOwner = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List pairing tokens, the newest first, without their texts."""
    from services.devices.shown import listed_token
    from store.devices.tokens import page

    rows = [listed_token(token) for token in run(lambda session: page(session.pool, owner, None, limit))]
    emit(rows if as_json else [{name: row[name] for name in _LISTED} for row in rows], as_json)


def revoke_token(
    token: Annotated[UUID, typer.Argument(metavar="TOKEN_ID", help="As 'xsender device list-tokens' shows it.")],
    as_json: AsJson = False,
) -> None:
    """Revoke a pairing token. A phone that it has paired stays paired."""
    from services.devices.tokens import revoke

    run_change("device_token.revoked", lambda made: revoke(made, None, token))
    emit({"id": token, "revoked": True}, as_json)


def _kind(name: str | None) -> "TokenKind | None":
    from domain.devices.tokens import TokenKind

    return None if name is None else TokenKind(name)


async def _shown(session: Session, made: "Change", issued: "Sequence[Issued]") -> list[dict[str, Any]]:
    from services.devices.shown import issued_token
    from services.settings.current import read_current
    from store.gateways import gateways

    url = (await read_current(made.store, session.settings.for_install)).public_url
    gateway = await gateways.get(made.store, issued[0].token.gateway_id)
    return [issued_token(one, url) | {"gateway": gateway.identifier} for one in issued]


def _print_csv(rows: Sequence[dict[str, Any]]) -> None:
    from domain.audience.imports.csv_cells import neutral

    out = csv.writer(sys.stdout)
    out.writerow(_COLUMNS)
    for row in rows:
        at = row["expires_at"].isoformat()
        out.writerow([*(row["token"], row["url"], at, row["gateway"]), neutral(row["label"] or ""), row["id"]])


def _print_one(row: dict[str, Any]) -> None:
    """For who holds the phone. A code is typed, so it is not drawn."""
    is_code = row["kind"] == "code"
    if not is_code:
        _draw(row["token"])
    emit({row["kind"]: row["token"], **{name: row[name] for name in ("url", "expires_at", "gateway", "id")}}, False)
    install = (row["url"] or "URL").partition("/api/gateway/")[0]
    print((_TYPED if is_code else _SCANNED).format(install=install, token=row["token"]))
    if is_code and not (row["url"] or "").startswith("https://"):
        print(_NEEDS_HTTPS)


def _draw(text: str) -> None:
    """As a QR code, on terminals that can show its characters; in its own colours, as theirs may be the other way."""
    from domain.devices.qr import terminal

    picture = terminal(text)
    try:
        picture.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return
    for line in picture.splitlines():
        print(f"{_BLACK_ON_WHITE}{line}{_AS_BEFORE}" if sys.stdout.isatty() else line)
