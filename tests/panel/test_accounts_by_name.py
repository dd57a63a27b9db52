"""Staff name accounts in forms by a part of their names."""

import re
from uuid import uuid4

from tests.api.admin import Staff
from tests.api.log_in import Person
from tests.panel.test_forms import signed_in, token_of
from tests.stack import Stack, User


async def called(boss: Staff, account: User, name: str) -> str:
    """Name an account; returns the name."""
    await boss.data("PATCH", f"/users/{account.id}", {"name": name})
    return name


async def test_accounts_are_suggested_and_taken_by_name(install: Stack, boss: Staff, account: User, owner: Person):
    same = uuid4().hex[:12]
    other = await install.user()
    await called(boss, account, f"Bakery {same}")
    await called(boss, other, f"Butcher {same}")
    async with signed_in(install, owner) as client:
        csrf = await token_of(client)
        options = (await client.get(f"/panel/account/suggestions?user={same}")).text
        assert set(re.findall(r'value="(\d+)"', options)) == {str(account.id), str(other.id)}
        assert "<option" not in (await client.get("/panel/account/suggestions?user=b")).text
        form = {"csrf": csrf, "domain": f"{same}.example.com"}
        several = await client.post("/panel/domains/new", data=form | {"user": same})
        assert (several.status_code, several.text.count('type="radio" name="user"')) == (422, 2)
        nobody = await client.post("/panel/domains/new", data=form | {"user": f"no {same}"})
        assert (nobody.status_code, "No account fits." in nobody.text) == (422, True)
        # what was chosen among those that fit stands behind what was typed
        chosen = await client.post("/panel/domains/new", data=form | {"user": [same, str(other.id)]})
        assert chosen.status_code == 303
        named = await client.post(
            "/panel/domains/new", data=form | {"user": f"bakery {same}", "domain": f"b.{same}.org"}
        )
        assert named.status_code == 303
    for whose, name in ((other, f"{same}.example.com"), (account, f"b.{same}.org")):
        assert [one["domain"] for one in await boss.data("GET", f"/domains?user={whose.id}")] == [name]


async def test_users_are_suggested_nobody(install: Stack, user: Person):
    async with signed_in(install, user) as client:
        assert "<option" not in (await client.get("/panel/account/suggestions?user=example")).text


async def test_credits_go_to_another_user(install: Stack, boss: Staff, account: User, owner: Person):
    other = await install.user(credit=0)
    name = await called(boss, other, f"Shop {uuid4().hex[:12]}")
    page = f"/panel/users/{account.id}/transfer"
    async with signed_in(install, owner) as client:
        form = {"csrf": await token_of(client), "of": "sms", "moved": "30", "why": "Merged", "to": name}
        assert (await client.post(page, data=form)).status_code == 303
        assert (await boss.data("GET", f"/users/{other.id}/credits"))["sms"]["available"] == 30
        for wrong in ({"to": str(account.id)}, {"to": "nobody at all"}, {"moved": "0"}):
            refused = await client.post(page, data=form | wrong)
            assert (refused.status_code, "That did not work" in refused.text) == (422, True)
