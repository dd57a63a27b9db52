"""The provider at which staff logs in, by its form."""

from tests.api.admin import Staff
from tests.api.log_in import Person
from tests.panel.test_forms import signed_in, token_of
from tests.stack import Stack


async def test_a_provider_of_identities_is_set_changed_and_removed(install: Stack, boss: Staff, owner: Person):
    page = "/panel/settings/oidc"
    async with signed_in(install, owner) as client:
        form = {
            "csrf": await token_of(client),
            "issuer": "https://login.example.com",
            "client_id": "xsender",
            "client_secret": "secret-of-client",
            "roles": "helpdesk = support\r\nthe = admins = admin\r\n",
            "email_domains": "example.com\r\nexample.org",
            "enabled": "1",
        }
        refused = await client.post(page, data=form | {"roles": "helpdesk"})
        assert (refused.status_code, "secret-of-client" in refused.text) == (422, False)
        assert (await client.post(page, data=form)).status_code == 303
        stored = await boss.data("GET", "/oidc")
        assert stored["roles"] == [{"group": "helpdesk", "role": "support"}, {"group": "the = admins", "role": "admin"}]
        assert (stored["email_domains"], stored["enabled"]) == (["example.com", "example.org"], True)
        shown = (await client.get(page)).text
        assert ("/api/auth/oidc/callback" in shown, "secret-of-client" in shown) == (True, False)
        off = {name: value for name, value in form.items() if name not in ("client_secret", "enabled")}
        assert (await client.post(page, data=off)).status_code == 303
        assert (await boss.data("GET", "/oidc"))["enabled"] is False
        assert (await client.post(f"{page}/remove", data={"csrf": form["csrf"]})).status_code == 303
        assert (await client.post(f"{page}/remove", data={"csrf": form["csrf"]})).status_code == 404
