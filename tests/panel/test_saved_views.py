"""Filters of lists that somebody keeps under names."""

import re

from tests.api.log_in import Person
from tests.panel.test_forms import signed_in, token_of
from tests.stack import Stack, User

ROW = "/panel/views/row?list=messages&query=state%3Dfailed%26cursor%3Dabc"


async def test_a_filter_is_saved_shown_renamed_and_deleted(install: Stack, user: Person, owner: Person):
    async with signed_in(install, user) as client:
        page = (await client.get("/panel/messages?state=failed")).text
        assert 'hx-get="/panel/views/row?list=messages&amp;query=state%3Dfailed"' in page
        row = (await client.get(ROW)).text
        assert 'name="query" value="state=failed"' in row
        form = {"csrf": await token_of(client), "list": "messages", "query": "state=failed", "name": "What <failed>"}
        answer = await client.post("/panel/views", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/panel/messages?state=failed")
        row = (await client.get(ROW)).text
        assert 'href="/panel/messages?state=failed" aria-current="true">What &lt;failed&gt;</a>' in row
        assert "Save this view" not in row
        assert "What" not in (await client.get("/panel/views/row?list=contacts&query=")).text
        listed = (await client.get("/panel/views")).text
        found = re.search(r"/panel/views/(\d+)/rename", listed)
        assert found
        renamed = await client.post(f"/panel/views/{found[1]}/rename", data=form | {"name": "Failures"})
        assert renamed.headers["location"] == "/panel/views"
        assert "Failures" in (await client.get(ROW)).text
        async with signed_in(install, owner) as other:
            assert "Failures" not in (await other.get(ROW)).text
            theirs = {"csrf": await token_of(other)}
            assert (await other.post(f"/panel/views/{found[1]}/delete", data=theirs)).status_code == 404
        assert (await client.post(f"/panel/views/{found[1]}/delete", data=form)).status_code == 303
        assert "Failures" not in (await client.get(ROW)).text


async def test_staff_in_an_account_keep_views_of_that_account_as_their_own(
    install: Stack, account: User, owner: Person, user: Person
):
    async with signed_in(install, owner) as client:
        form = {"csrf": await token_of(client), "list": "messages", "query": "state=failed", "name": "Here"}
        assert (await client.post(f"/panel/account/{account.id}", data=form)).status_code == 303
        form["csrf"] = await token_of(client)
        assert (await client.post("/panel/views", data=form)).status_code == 303
        assert "Here" in (await client.get(ROW)).text
        assert (await client.post("/panel/account/leave", data=form)).status_code == 303
        assert "Here" not in (await client.get(ROW)).text
    async with signed_in(install, user) as client:
        assert "Here" not in (await client.get(ROW)).text


async def test_what_is_no_list_or_no_name_is_refused(install: Stack, user: Person):
    async with signed_in(install, user) as client:
        assert (await client.get("/panel/views/row?list=settings")).status_code == 404
        form = {"csrf": await token_of(client), "list": "messages", "query": "q=x", "name": "x" * 61}
        answer = await client.post("/panel/views", data=form)
        assert (answer.status_code, "Saved views" in answer.text) == (422, True)
