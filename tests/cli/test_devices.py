"""Phones and their pairing tokens from the command line."""

import csv
import io
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import segno

from domain.devices.sims import Card
from domain.keyring import CREDENTIALS, Keyring
from services.devices.pairing import Paired, Phone, pair
from services.devices.sessions import authenticate
from store.devices import tokens
from store.gateways import gateways

PUBLIC = {"XSENDER_PUBLIC_URL": "https://send.example.com"}
DOOR = "https://send.example.com/api/gateway/sms/android"


async def test_tokens_for_a_fleet_are_a_csv(cli, user, pool, settings):
    made = await cli("device", "tokens", "--owner", user, "--count", 25, "--label", "=Shop", "--csv", **PUBLIC)
    assert (made.code, made.err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(made.out)))
    assert list(rows[0]) == ["token", "url", "expires_at", "gateway", "label", "id"]
    assert len({row["token"] for row in rows}) == len({row["id"] for row in rows}) == 25
    assert {(row["url"], row["gateway"], row["label"]) for row in rows} == {(DOOR, "android", "'=Shop")}
    ends = datetime.fromisoformat(rows[0]["expires_at"])
    assert abs(ends - datetime.now(UTC) - timedelta(days=7)) < timedelta(minutes=1)
    phone = await paired(pool, settings, rows[7]["token"])
    listed = {one["id"]: one for one in (await cli("device", "list-tokens", "--owner", user, "--json")).json}
    assert listed.keys() == {row["id"] for row in rows}
    assert listed[rows[7]["id"]]["used_by"] == str(phone.device.id)
    assert not any("token" in one for one in listed.values())


async def test_a_token_alone_is_drawn_and_says_where_it_goes(cli, user):
    printed = (await cli("device", "tokens", "--owner", user, "--expires-in", "2h", **PUBLIC)).out
    said = dict(line.split(": ", 1) for line in printed.splitlines() if line.startswith(("token", "url", "expires_at")))
    assert said["url"] == DOOR
    ends = datetime.strptime(said["expires_at"], "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
    assert abs(ends - datetime.now(UTC) - timedelta(hours=2)) < timedelta(minutes=1)
    drawn = segno.make_qr(said["token"], error="m")
    assert scanned(printed) == [[not dark for dark in row] for row in drawn.matrix_iter(border=2)]


async def test_a_code_is_typed_and_not_drawn(cli, user):
    insecure = {"XSENDER_PUBLIC_URL": "http://192.0.2.7"}
    printed = (await cli("device", "tokens", "--owner", user, "--kind", "code", **insecure)).out
    assert "█" not in printed
    assert "url: http://192.0.2.7/api/gateway/sms/android/smsgate\n" in printed
    assert "accepts only https" in printed


async def test_phones_are_listed_shown_revoked_and_paired_again(cli, user, pool, settings):
    made = (await cli("device", "tokens", "--owner", user, "--count", 2, "--json")).json
    token, other = (row["token"] for row in made)
    cards = (Card(0, "+14155550100", "Carrier"), Card(1))
    phone, second = await paired(pool, settings, token, cards), await paired(pool, settings, other)
    await sent(pool, phone, "sim-2", 3, {"per_day": 10})
    listed = {one["id"]: one for one in (await cli("device", "list", "--owner", user, "--json")).json}
    assert listed.keys() == {str(phone.device.id), str(second.device.id)}
    of_phone, of_second = listed[str(phone.device.id)], listed[str(second.device.id)]
    assert [sim["used"]["day"] for sim in of_phone["sims"]] == [0, 3]
    assert [sim["used"]["day"] for sim in of_second["sims"]] == [0]
    shown = await cli("device", "show", phone.device.id)
    assert "3 of 10" in shown.out
    assert "+14155550100" in shown.out
    assert "no message waits for phones of the gateway android" in shown.out

    gone = (await cli("device", "revoke", phone.device.id, "--json")).json
    assert gone == {"id": str(phone.device.id), "revoked": True, "unknown": 0}
    assert await authenticate(pool, phone.token, "xsender") is None
    assert await authenticate(pool, second.token, "xsender") is not None
    table = (await cli("device", "list", "--owner", user, "--gateway", "android")).out
    assert ("revoked" in table, "offline" in table, "online" in table) == (True, False, True)
    again = (await cli("device", "pair", phone.device.id, "--json")).json
    linked = await paired(pool, settings, again["token"])
    assert linked.device.id == phone.device.id
    assert len(linked.sims) == 2


async def test_a_token_that_is_revoked_pairs_nothing(cli, user, pool):
    (token,) = (await cli("device", "tokens", "--owner", user, "--json")).json
    assert (await cli("device", "revoke-token", token["id"], "--json")).json == {"id": token["id"], "revoked": True}
    assert await tokens.find(pool, UUID(token["id"]), user) is None
    assert (await gateways.get(pool, UUID(token["gateway_id"]))).account_id == user


def test_wrong_requests_are_refused(refusal):
    make = ("device", "tokens", "--owner", 0)
    assert "either --csv or --json" in refusal(*make, "--csv", "--json")
    assert "1,000" in refusal(*make, "--count", 1001)
    assert "50" in refusal(*make, "--kind", "code", "--count", 51)
    assert "900 seconds" in refusal(*make, "--kind", "code", "--expires-in", "16m")
    assert "no length of time" in refusal(*make, "--expires-in", "soon")
    assert "no gateway none" in refusal(*make, "--gateway", "none")
    assert "no gateway none" in refusal("device", "list", "--gateway", "none")
    for command in (("show",), ("revoke",), ("pair",)):
        assert "no device" in refusal("device", *command, uuid4())
    assert "no pairing token" in refusal("device", "revoke-token", uuid4())


async def paired(pool, settings, token: str, cards=()) -> Paired:
    """A phone that a token has paired."""
    ring = Keyring.parse(settings.keys.get_secret_value(), CREDENTIALS)
    phone = Phone("xsender", "Pixel", uuid4().hex, journal="one", cards=cards)
    return await pair(pool, ring, token, phone, {"ip": "192.0.2.1"})


async def sent(pool, phone: Paired, sim: str, parts: int, caps: dict[str, int]) -> None:
    """Have a SIM have sent parts of messages, and have caps."""
    async with pool.connection() as conn:
        await conn.execute(
            "update device_sims set per_day = %s where device_id = %s and uid = %s",
            (caps["per_day"], phone.device.id, sim),
        )
        await conn.execute(
            "insert into sim_uses (device_id, sim, uid, attempt, parts, recipient) values (%s, %s, %s, 1, %s, '')",
            (phone.device.id, sim, uuid4(), parts),
        )


def scanned(printed: str) -> list[list[bool]]:
    """The modules of a QR code that is drawn with half blocks: which are light."""
    rows: list[list[bool]] = []
    for line in printed.splitlines():
        if not set(line) <= set("█▀▄ "):
            break
        rows += [[half in "█▀" for half in line], [half in "█▄" for half in line]]
    return rows[: len(rows[0])]
