"""Warm-ups, reputation, short links and secrets, by forms."""

from tests.api.admin import Staff
from tests.api.log_in import Person
from tests.panel.seeds import connections
from tests.panel.test_forms import signed_in, token_of
from tests.stack import Stack, User


async def test_a_domain_and_a_gateway_are_warmed_up(install: Stack, account: User, user: Person, owner: Person):
    ids = await connections(install, account)
    domain, gateway = f"/panel/domains/{ids.domain}", f"/panel/gateways/{ids.gateway}"
    async with signed_in(install, user) as client:
        csrf = await token_of(client)
        begun = await client.post(f"{gateway}/warm-up", data={"csrf": csrf, "ladder": "email"})
        assert (begun.status_code, begun.headers["location"]) == (303, gateway)
        shown = (await client.get("/panel/reputation")).text
        assert f"{gateway}#warm-up" in shown
        assert f"{domain}#warm-up" in shown
        wrong = await client.post(f"{domain}/warm-up", data={"csrf": csrf, "ladder": "email", "tier": "77"})
        assert (wrong.status_code, "tiers 0 to 7" in wrong.text) == (422, True)
    async with signed_in(install, owner) as staff:
        form = {"csrf": await token_of(staff), "ladder": "email", "tier": "2", "pinned": "1"}
        assert (await staff.post(f"{domain}/warm-up", data=form)).status_code == 303
        assert "kept there by staff" in (await staff.get(domain)).text
    async with signed_in(install, user) as client:
        csrf = await token_of(client)
        assert "Staff has set it" in (await client.get(domain)).text
        refused = await client.post(f"{domain}/warm-up", data={"csrf": csrf, "do": "end"})
        assert (refused.status_code, "taff has set this warm-up" in refused.text) == (409, True)
        assert (await client.post(f"{gateway}/warm-up", data={"csrf": csrf, "do": "end"})).status_code == 303
        assert f"{gateway}#warm-up" not in (await client.get("/panel/reputation")).text


async def test_staff_chooses_what_bad_reports_lead_to(install: Stack, boss: Staff, account: User, owner: Person):
    page = f"/panel/users/{account.id}/reputation"
    async with signed_in(install, owner) as client:
        csrf = await token_of(client)
        assert (await client.post(page, data={"csrf": csrf, "guard": "pause"})).status_code == 303
        assert (await boss.data("GET", f"/users/{account.id}/reputation"))["guard"] == "pause"
        assert (await client.post(page, data={"csrf": csrf, "guard": "none"})).status_code == 422
        assert (await client.post(page, data={"csrf": csrf, "guard": ""})).status_code == 303
        assert (await boss.data("GET", f"/users/{account.id}/reputation"))["guard"] == "warn"


async def test_what_is_done_with_links_is_chosen(install: Stack, account: User, user: Person):
    async with signed_in(install, user) as client:
        form = {
            "csrf": await token_of(client),
            "shorten_links": "1",
            "keep_links": "app.example.com\r\n*.go.example.com\r\n",
            "utm_source": "xs",
        }
        assert (await client.post("/panel/links/settings", data=form)).status_code == 303
        stored = (await install.http.get("/api/link-settings", headers=account.headers)).json()["data"]
        assert (stored["shorten_links"], stored["keep_links"]) == (True, ["app.example.com", "*.go.example.com"])
        assert stored["utm"]["source"] == "xs"
        wrong = await client.post("/panel/links/settings", data=form | {"keep_links": "no such thing"})
        assert (wrong.status_code, "is no pattern" in wrong.text, "no such thing" in wrong.text) == (422, True, True)
        refused = await client.post("/panel/links", data={"csrf": form["csrf"], "domain": "nope"})
        assert (refused.status_code, "nope" in refused.text) == (422, True)


async def test_a_link_domain_is_only_of_its_account(install: Stack, account: User, user: Person):
    link = (await connections(install, account)).link
    other = await connections(install, await install.user())
    async with signed_in(install, user) as client:
        csrf = await token_of(client)
        assert (await client.get(f"/panel/links/{other.link}")).status_code == 404
        assert (await client.post(f"/panel/links/{other.link}/delete", data={"csrf": csrf})).status_code == 404
        checked = await client.post(f"/panel/links/{link}/check", data={"csrf": csrf})
        assert checked.headers["location"] == f"/panel/links/{link}"
        assert "xsender.invalid" in (await client.get(f"/panel/links/{link}")).text
        assert (await client.post(f"/panel/links/{link}/delete", data={"csrf": csrf})).status_code == 303
        assert (await client.get(f"/panel/links/{link}")).status_code == 404


async def test_a_secret_is_kept_replaced_and_deleted_and_never_shown(install: Stack, account: User, user: Person):
    async with signed_in(install, user) as client:
        form = {"csrf": await token_of(client), "name": "crm_token", "value": "hidden-value", "hosts": "a.example.com"}
        assert (await client.post("/panel/secrets", data=form)).status_code == 303
        for wrong in ({"name": "A b"}, {"name": "a/b"}, {"name": ""}, {"name": "signing"}):
            refused = await client.post("/panel/secrets", data=form | wrong)
            assert (refused.status_code, "hidden-value" in refused.text) == (422, False)
        page = (await client.get("/panel/secrets?name=crm_token")).text
        assert ("a.example.com" in page, "hidden-value" in page) == (True, False)
        replaced = await client.post(
            "/panel/secrets", data=form | {"value": "another", "hosts": "b.example.com, c.example.com"}
        )
        assert replaced.status_code == 303
        (stored,) = (await install.http.get("/api/secrets", headers=account.headers)).json()["data"]
        assert stored["hosts"] == ["b.example.com", "c.example.com"]
        assert (await client.post("/panel/secrets/crm_token/delete", data={"csrf": form["csrf"]})).status_code == 303
        assert "No secret yet" in (await client.get("/panel/secrets")).text
        assert (await client.post("/panel/secrets/crm_token/delete", data={"csrf": form["csrf"]})).status_code == 404
