"""What is known of a person: counted, exported and erased by forms."""

import asyncio

from tests.api.admin import Staff
from tests.api.log_in import Person, member
from tests.looks import Looks
from tests.panel.seeds import audience
from tests.panel.test_forms import signed_in, token_of
from tests.stack import Stack, User


async def test_a_contact_is_counted_exported_and_erased_with_a_proof(install: Stack, account: User, user: Person):
    contact = (await audience(install, account)).contact
    async with signed_in(install, user) as client:
        csrf = await token_of(client)
        assert "Nobody was erased yet" in (await client.get("/panel/persons")).text
        page = (await client.get(f"/panel/persons/contact/{contact}")).text
        assert ("ada@example.com" in page, "Contacts</dt><dd" in page) == (True, True)
        begun = await client.post("/panel/persons/export", data={"csrf": csrf, "who": contact})
        assert begun.headers["location"].startswith("/panel/operations/")
        form = {"csrf": csrf, "who": contact, "typed": "somebody@example.com"}
        mistyped = await client.post("/panel/persons/erase", data=form)
        assert (mistyped.status_code, "This is something else" in mistyped.text) == (422, True)
        erased = await client.post("/panel/persons/erase", data=form | {"typed": "Ada@example.com"})
        proof = erased.headers["location"]
        assert erased.status_code == 303
        async with asyncio.timeout(180):
            looks = Looks()
            while "What remains" not in (shown := (await client.get(proof)).text):
                await looks.pause()
        assert "ada@example.com" not in shown
        assert proof in (await client.get("/panel/persons")).text
        assert (await client.get(f"/panel/contacts/{contact}")).status_code == 404


async def test_an_address_stands_in_no_address_of_a_page(install: Stack, account: User, user: Person):
    await audience(install, account)
    async with signed_in(install, user) as client:
        csrf = await token_of(client)
        found = await client.post("/panel/persons/found", data={"csrf": csrf, "who": "ada@example.com"})
        assert (found.status_code, "Type this to confirm" in found.text) == (200, True)
        wrong = await client.post("/panel/persons/found", data={"csrf": csrf, "who": "not a number"})
        assert (wrong.status_code, "not a number" in wrong.text) == (422, True)
        assert (await client.get("/panel/persons/ada@example.com")).status_code == 404


async def test_nobody_exports_a_contact_of_another_account(install: Stack, user: Person):
    theirs = (await audience(install, await install.user())).contact
    async with signed_in(install, user) as client:
        csrf = await token_of(client)
        assert (await client.get(f"/panel/persons/contact/{theirs}")).status_code == 404
        for action in ("export", "erase"):
            answer = await client.post(f"/panel/persons/{action}", data={"csrf": csrf, "who": theirs, "typed": theirs})
            assert answer.status_code == 404


async def test_staff_erases_what_a_user_knows_of_a_person(
    install: Stack, boss: Staff, account: User, user: Person, owner: Person
):
    home = f"/panel/users/{account.id}/persons"
    await audience(install, account)
    async with signed_in(install, owner) as client:
        csrf = await token_of(client)
        counted = await client.post(f"{home}/found", data={"csrf": csrf, "who": "ada@example.com"})
        assert (counted.status_code, f'action="{home}/erase"' in counted.text) == (200, True)
        begun = await client.post(f"{home}/export", data={"csrf": csrf, "who": "ada@example.com"})
        assert begun.headers["location"].startswith("/panel/system/operations/")
        form = {"csrf": csrf, "who": "ada@example.com", "typed": "ada@example.com"}
        erased = await client.post(f"{home}/erase", data=form)
        assert erased.headers["location"].startswith(f"{home}/")
        assert (await client.get(erased.headers["location"])).status_code == 200
        assert erased.headers["location"] in (await client.get(home)).text
    support = await member(boss, "support")
    async with signed_in(install, support) as client:
        csrf = await token_of(client)
        may = {one for one in (await boss.data("GET", "/roles/support"))["permissions"] if one.startswith("persons:")}
        assert (await client.get(home)).status_code == (200 if "persons:read" in may else 403)
        refused = await client.post(f"{home}/erase", data=form | {"csrf": csrf})
        assert refused.status_code == (303 if "persons:erase" in may else 403)
    async with signed_in(install, user) as client:
        assert (await client.get(home)).status_code in (403, 404)
