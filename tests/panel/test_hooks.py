"""Hooks are made, tried and mapped by forms."""

import re

from tests.api.log_in import Person
from tests.panel.test_forms import signed_in, token_of
from tests.stack import Stack

ADDRESS = re.compile(r"/api/automation/webhook/[\w-]+")


async def test_a_hook_is_made_gets_a_sample_and_a_map(install: Stack, user: Person):
    async with signed_in(install, user) as client:
        for preset in ("generic", "woocommerce"):
            form = {"csrf": await token_of(client), "name": f"Shop {preset}", "preset": preset}
            made = await client.post("/panel/hooks/new", data=form)
            assert made.status_code == 200, made.text
            assert ADDRESS.search(made.text)
        form = {"csrf": await token_of(client), "name": "Plain", "preset": "generic"}
        address = ADDRESS.search((await client.post("/panel/hooks/new", data=form)).text)
        assert address
        post = {"customer": {"email": "lena@example.com"}, "id": 17}
        assert (await client.post(f"{address[0]}?test=1", json=post)).status_code == 200
        page = (await client.get("/panel/hooks/plain")).text
        assert "/customer/email" in page
        form = {"csrf": await token_of(client), "email": "/customer/email", "event": "order = /id"}
        assert (await client.post("/panel/hooks/plain", data=form)).status_code == 303
        assert "lena@example.com" in (await client.get("/panel/hooks/plain")).text


async def test_fields_and_purposes_are_made_and_changed(install: Stack, user: Person):
    async with signed_in(install, user) as client:
        form = {"csrf": await token_of(client), "key": "shoe_size", "type": "number", "label": "Shoe size"}
        assert (await client.post("/panel/fields/add", data=form)).status_code == 303
        form = {"csrf": form["csrf"], "key": "news", "name": "News", "default": "opt_in", "channels": "email"}
        assert (await client.post("/panel/purposes/add", data=form)).status_code == 303
        shown = (await client.get("/panel/fields")).text
        assert "Shoe size" in shown
        assert "News" in shown
        again = await client.post("/panel/purposes/add", data=form)
        assert again.status_code in (409, 422)
