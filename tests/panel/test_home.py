"""The first page: first steps."""

from tests.api.log_in import Person
from tests.panel.test_forms import signed_in, token_of
from tests.stack import Stack, User


async def _send(install: Stack, account: User, number: str = "+14155550123") -> None:
    body = {"contact": [{"number": number, "body": "Hello"}]}
    answer = await install.http.post("/api/sms/send", json=body, headers=account.headers)
    assert answer.status_code == 200, answer.text


async def test_first_steps_are_ticked_by_what_there_is(install: Stack, account: User, user: Person):
    async with signed_in(install, user) as client:
        page = (await client.get("/panel/")).text
        assert "1 of 5 done" in page  # it has a key
        assert "Publish an automation" in page
        await _send(install, account)
        assert "2 of 5 done" in (await client.get("/panel/")).text


async def test_who_knows_the_way_hides_the_first_steps(install: Stack, account: User, user: Person):
    async with signed_in(install, user) as client:
        assert "First steps" in (await client.get("/panel/")).text
        form = {"csrf": await token_of(client)}
        assert (await client.post("/panel/steps/hide", data=form)).headers["location"] == "/panel/"
        assert "First steps" not in (await client.get("/panel/")).text


async def test_staff_has_no_first_steps_outside_of_accounts(install: Stack, owner: Person):
    async with signed_in(install, owner) as client:
        assert "First steps" not in (await client.get("/panel/")).text
        form = {"csrf": await token_of(client)}
        assert (await client.post("/panel/steps/hide", data=form)).status_code == 303
