"""Checks of sources: what providers say of tokens, permissions, subscriptions and forms, in words for their owners."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest_asyncio

from store.leads import sources
from tests.api.admin import admin
from tests.api.automations.automations import call, data, holder
from tests.api.leads.lead_sources import FORM, GOOGLE, LINKEDIN, META, new_source
from tests.leads.graph_double import APP_ID, GraphDouble
from tests.leads.linkedin_double import CLIENT, LinkedInDouble
from tests.leads.provider_double import serving
from tests.stack import Stack, User

PAGE, TOKEN = "508", "EAAB-token-1"
DAY = 24 * 3600


@pytest_asyncio.fixture(loop_scope="session")
async def graph(own_stack: Stack) -> AsyncIterator[GraphDouble]:
    """A double that the install may reach."""
    await (await admin(own_stack)).data("PATCH", "/settings", {"private_call_hosts": ["127.0.0.1"]})
    async with serving(GraphDouble()) as double:
        double.add_page(PAGE, "Shop", TOKEN)
        double.add_form(PAGE, "10", "Offer", email="E-mail", what_budget="What is your budget?")
        yield double


async def points(stack: Stack, user: User, source: dict[str, Any], **body: Any) -> dict[str, tuple[bool | None, str]]:
    found = await data(stack, user, "POST", f"/lead-sources/{source['id']}/check", body)
    assert found["ok"] == all(one["ok"] is not False for one in found["points"])
    return {one["name"]: (one["ok"], one["message"]) for one in found["points"]}


async def test_a_page_that_works_is_said_to_with_its_forms_and_their_questions(own_stack: Stack, graph: GraphDouble):
    user = await holder(own_stack)
    graph.pages[PAGE].expires_at = int(time.time()) + 40 * DAY
    graph.pages[PAGE].data_access_expires_at = int(time.time()) + 30 * DAY
    graph.pages[PAGE].apps.append({"id": APP_ID, "name": "App", "subscribed_fields": ["leadgen"]})
    made = await new_source(own_stack, user, META | {"api_url": graph.url})
    found = await data(own_stack, user, "POST", f"/lead-sources/{made['id']}/check")
    assert found["ok"], found["points"]
    assert {one["name"] for one in found["points"]} >= {"token", "data_access", "permissions", "page", "subscription"}
    assert found["forms"] == [
        {
            "id": "10",
            "name": "Offer",
            "status": "ACTIVE",
            "questions": [
                {"key": "email", "label": "E-mail"},
                {"key": "what_budget", "label": "What is your budget?"},
            ],
        }
    ]
    until = graph.pages[PAGE].data_access_expires_at  # the earlier end of the two
    source = await sources.of_id(own_stack.pool, UUID(made["id"]))
    assert source is not None
    assert source.token_until is not None
    assert source.token_until.timestamp() == until
    assert source.told["meta_user"]
    assert found["source"]["token_until"] is not None


async def test_what_has_to_be_mended_is_named(own_stack: Stack, graph: GraphDouble):
    user = await holder(own_stack)
    page = graph.pages[PAGE]
    page.scopes.remove("leads_retrieval")
    page.expires_at = int(time.time()) + 2 * DAY
    made = await new_source(own_stack, user, META | {"api_url": graph.url, "page_id": "999"})
    graph.add_page("999", "Other", "another-token")
    found = await points(own_stack, user, made)
    assert found["permissions"][0] is False
    assert "leads_retrieval" in found["permissions"][1]
    assert found["token"][0] is False
    assert "renew" in found["token"][1]
    assert found["page"][0] is False
    assert "508" in found["page"][1]
    graph.kill_token(TOKEN)
    dead = await points(own_stack, user, made)
    assert dead["token"][0] is False
    assert TOKEN not in str(dead)


async def test_a_page_is_made_to_report_its_leads_if_that_is_wanted(own_stack: Stack, graph: GraphDouble):
    user = await holder(own_stack)
    made = await new_source(own_stack, user, META | {"api_url": graph.url})
    assert (await points(own_stack, user, made))["subscription"][0] is False
    assert (await points(own_stack, user, made, subscribe=True))["subscription"][0] is True
    assert (await points(own_stack, user, made))["subscription"][0] is True


async def test_a_provider_that_is_away_proves_nothing(own_stack: Stack, graph: GraphDouble):
    user = await holder(own_stack)
    made = await new_source(own_stack, user, META | {"api_url": graph.url})
    graph.limit(5)
    found = await points(own_stack, user, made)
    assert found["token"][0] is None
    assert not any(ok for ok, _ in found.values())
    empty = await new_source(own_stack, user, META | {"name": "Empty", "credentials": {}})
    assert (await points(own_stack, user, empty))["token"] == (False, "the source has no token: enter one")


async def test_linkedin_is_asked_for_the_token_and_the_forms(own_stack: Stack):
    await (await admin(own_stack)).data("PATCH", "/settings", {"private_call_hosts": ["127.0.0.1"]})
    user, owner = await holder(own_stack), LINKEDIN["owner"]
    async with serving(LinkedInDouble()) as linkedin:
        linkedin.tokens["AQV-token-1"] = {owner}
        linkedin.add_form(owner, 7, "Demo", EMAIL="E-mail")
        app = {"token": "AQV-token-1", "client_id": CLIENT[0], "client_secret": CLIENT[1]}
        made = await new_source(own_stack, user, LINKEDIN | {"api_url": linkedin.url, "credentials": app})
        found = await data(own_stack, user, "POST", f"/lead-sources/{made['id']}/check")
        assert found["ok"], found["points"]
        assert found["source"]["token_until"].startswith("2030-03-17")
        (form,) = found["forms"]
        assert (form["id"], form["name"]) == ("7", "Demo")
        assert form["questions"][0]["label"] == "E-mail"
        linkedin.kill_token("AQV-token-1")
        assert (await points(own_stack, user, made))["token"][0] is False


async def test_kinds_that_only_post_are_told_what_to_enter_and_what_came(own_stack: Stack):
    user = await holder(own_stack)
    for body in (GOOGLE, FORM):
        made = await new_source(own_stack, user, body)
        found = await points(own_stack, user, made)
        assert "webhook_url" in found["address"][1]
        assert found["leads"][0] is None
        await sources.note_refused(own_stack.pool, {UUID(made["id"]): (3, datetime.now(UTC), "lead_key")})
        assert "lead_key" in (await points(own_stack, user, made))["posts"][1]
    stranger = await holder(own_stack)
    assert (await call(own_stack, stranger, "POST", f"/lead-sources/{made['id']}/check")).status_code == 404
