"""Contacts, groups, segments and consent by their forms, without a browser."""

from typing import Any

import httpx

from tests.api.log_in import Person
from tests.panel.seeds import audience, made, program
from tests.panel.test_forms import signed_in, token_of
from tests.stack import Stack, User


async def sent(client: httpx.AsyncClient, path: str, **form: Any) -> httpx.Response:
    return await client.post(path, data={"csrf": await token_of(client)} | form)


async def contact_of(install: Stack, account: User, **query: str) -> dict[str, Any]:
    headers = (await program(install, account)).headers
    found = await install.http.get("/api/contacts", params=query, headers=headers)
    return dict(found.json()["data"][0])


async def test_a_contact_is_added_and_changed_by_its_form(install: Stack, account: User, user: Person):
    await audience(install, account)
    async with signed_in(install, user) as client:
        entered = {
            "first_name": "Grace",
            "email": "rear.admiral@example.com",
            "tags": "vip, navy",
            "field.member": "no",
        }
        answer = await sent(client, "/panel/contacts/new", groups="readers", **entered)
        page = answer.headers["location"]
        assert "rear.admiral@example.com" in (await client.get("/panel/contacts/export")).text
        stored = await contact_of(install, account, email="rear.admiral@example.com")
        assert page == f"/panel/contacts/{stored['id']}"
        assert (stored["tags"], stored["groups"], stored["fields"]) == (["navy", "vip"], ["readers"], {"member": False})
        form = (await client.get(f"{page}/edit")).text
        assert 'value="rear.admiral@example.com"' in form
        await sent(
            client, f"{page}/edit", last_name="Hopper", email="rear.admiral@example.com", **{"field.city": "Arlington"}
        )
        changed = await contact_of(install, account, email="rear.admiral@example.com")
        assert (changed["first_name"], changed["last_name"], changed["tags"]) == (None, "Hopper", [])
        assert changed["fields"] == {"city": "Arlington"}
        assert (await sent(client, f"{page}/delete")).headers["location"] == "/panel/contacts"
        assert (await client.get(page)).status_code == 404


async def test_a_contact_that_is_refused_keeps_what_was_entered(install: Stack, account: User, user: Person):
    await audience(install, account)
    async with signed_in(install, user) as client:
        answer = await sent(client, "/panel/contacts/new", first_name="Grace", email="nobody", phone="12")
        assert answer.status_code == 422
        assert 'value="Grace"' in answer.text
        assert answer.text.count('aria-invalid="true"') == 2
        taken = await sent(client, "/panel/contacts/new", email="ADA@example.com")
        assert taken.status_code == 409
        assert "It was not saved" in taken.text


async def test_two_contacts_become_one(install: Stack, account: User, user: Person):
    ada = (await audience(install, account)).contact
    other = {"email": "countess@example.com", "first_name": "Augusta", "country": "GB"}
    body = await made(install, await program(install, account), "/api/contacts", other)
    async with signed_in(install, user) as client:
        page = f"/panel/contacts/{ada}/merge"
        assert "countess@example.com" in (await client.get(page, params={"q": "augusta"})).text
        assert "is added" in (await client.get(page, params={"from": body["id"]})).text
        await sent(client, page, **{"from": body["id"], "take": "first_name"})
    merged = await contact_of(install, account, external_id="crm-17")
    assert (merged["first_name"], merged["country"], merged["email"]) == ("Augusta", "GB", "ada@example.com")


async def test_a_group_is_made_filled_and_deleted(install: Stack, account: User, user: Person):
    ada = (await audience(install, account)).contact
    async with signed_in(install, user) as client:
        added = await sent(client, "/panel/groups", name="Fair <b>Berlin</b>", key="fair")
        assert added.headers["location"] == "/panel/groups/fair"
        assert "Fair &lt;b&gt;Berlin" in (await client.get("/panel/groups/fair")).text
        assert (await sent(client, "/panel/groups", name="Fair", key="fair")).status_code == 409
        await sent(client, "/panel/groups/fair/add", contact=ada)
        assert "Ada Lovelace" in (await client.get("/panel/groups/fair")).text
        await sent(client, "/panel/groups/fair/remove", contact=ada)
        assert "Nobody is in this group" in (await client.get("/panel/groups/fair")).text
        await sent(client, "/panel/groups/fair", name="Fair")
        assert '<h1 class="break" dir="auto">Fair</h1>' in (await client.get("/panel/groups/fair")).text
        await sent(client, "/panel/groups/fair/delete")
        assert (await client.get("/panel/groups/fair")).status_code == 404


async def test_names_that_an_account_gave_are_shown_and_not_run(install: Stack, account: User, user: Person):
    ada = (await audience(install, account)).contact
    key = await program(install, account)
    await made(install, key, "/api/contact-fields", {"key": "odd", "type": "text", "label": "<i>100%"})
    event = {"name": "order.paid", "contact": {"id": ada}, "data": {"<i>": "<i>5%"}}
    await made(install, key, "/api/events", event)
    pages = (f"/panel/contacts/{ada}", f"/panel/contacts/{ada}?tab=events", "/panel/segments/new", "/panel/imports")
    async with signed_in(install, user) as client:
        for page in pages:
            answer = await client.get(page)
            assert answer.status_code == 200
            assert "<i>" not in answer.text


async def test_an_account_sees_no_contact_of_another(install: Stack, account: User, user: Person):
    other = await install.user()
    theirs = (await audience(install, other)).contact
    async with signed_in(install, user) as client:
        for page in (f"/panel/contacts/{theirs}", f"/panel/contacts/{theirs}/edit", "/panel/groups/readers"):
            assert (await client.get(page)).status_code == 404
        assert (await sent(client, f"/panel/contacts/{theirs}/delete")).status_code == 404
    assert (await contact_of(install, other, external_id="crm-17"))["id"] == theirs


async def test_staff_choose_an_account_before_they_see_its_contacts(install: Stack, owner: Person):
    async with signed_in(install, owner) as client:
        for page in ("/panel/contacts", "/panel/groups"):
            assert "Choose an account first" in (await client.get(page)).text


async def test_an_import_without_a_script_is_checked_by_a_page_of_its_own(install: Stack, account: User, user: Person):
    async with signed_in(install, user) as client:
        form = {"csrf": await token_of(client), "default_country": "GB"}
        files = {"file": ("people.csv", b"Who,What\nada@example.com,1\n")}
        answer = await client.post("/panel/imports/check", data=form, files=files)
        assert answer.headers["location"].endswith("?check=1&default_country=GB&tags=")
        nothing = await client.post("/panel/imports", data={"csrf": await token_of(client)})
        assert nothing.status_code == 422
        assert "The file was not taken" in nothing.text


async def test_an_address_is_suppressed_and_allowed_again(install: Stack, account: User, user: Person):
    page = "/panel/consent/suppressions"
    async with signed_in(install, user) as client:
        bad = await sent(client, page, channel="email", recipient="nobody")
        assert bad.status_code == 422
        assert 'value="nobody"' in bad.text
        given = {"channel": "email", "recipient": "ada@example.com", "reason": "<i>by phone</i>, 5%"}
        assert (await sent(client, page, **given)).status_code == 303
        shown = (await client.get(page, params={"q": "ada@example.com", "channel": "email"})).text
        assert "&lt;i&gt;by phone" in shown
        await sent(client, f"{page}/remove", channel="email", recipient="ada@example.com")
        assert "No address is suppressed" in (await client.get(page)).text


async def test_a_choice_is_recorded_and_shown_with_its_proof(install: Stack, account: User, user: Person):
    choice = {"channel": "sms", "recipient": "+447400123456", "purpose": "*", "state": "withdrawn"}
    async with signed_in(install, user) as client:
        answer = await sent(client, "/panel/consent", source="a call", text_shown="No more, please", **choice)
        assert answer.status_code == 303
        shown = (await client.get(answer.headers["location"])).text
        assert "All but transactional" in shown
        assert "No more, please" in shown
        assert "a call" in shown
        assert (await sent(client, "/panel/consent", **(choice | {"recipient": "12"}))).status_code == 422


async def test_a_segment_is_made_line_by_line_and_changed(install: Stack, account: User, user: Person):
    await audience(install, account)
    lines = {"row": ["0", "1"], "kind.0": "field", "field.0": "member", "op.0": "eq", "value.0": "yes"}
    lines |= {"kind.1": "tag", "op.1": "not", "value.1": "old", "join": "all", "name": "Members", "key": "members"}
    async with signed_in(install, user) as client:
        longer = (await sent(client, "/panel/segments/draft", add="event", **lines)).text
        assert longer.count('class="condition"') == 3
        assert (await sent(client, "/panel/segments/draft", remove="1", **lines)).text.count('class="condition"') == 1
        assert "<strong>1</strong>" in (await sent(client, "/panel/segments/count", **lines)).text
        page = (await sent(client, "/panel/segments/new", **lines)).headers["location"]
        shown = (await client.get(page)).text
        assert "Ada Lovelace" in shown
        assert "has_not" in shown
        assert "Ada Lovelace" in (await client.get("/panel/contacts", params={"segment": page.rpartition("/")[2]})).text
        assert (await client.get(f"{page}/edit")).text.count('class="condition"') == 2
        wrong = await sent(client, f"{page}/edit", **(lines | {"op.0": "within_last", "value.0": "soon"}))
        assert wrong.status_code == 422
        assert 'value="soon"' in wrong.text
        nested = '{"any": [{"not": {"all": [{"tag": "vip"}]}}, {"tag": "new"}]}'
        await sent(client, f"{page}/edit", name="Members", key="members", condition=nested)
        assert "says more than lines can" in (await client.get(f"{page}/edit")).text
        await sent(client, f"{page}/delete")
        assert (await client.get(page)).status_code == 404
