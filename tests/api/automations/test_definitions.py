"""Definitions of automations as they were written: read, compared, and brought back."""

from tests.api.admin import admin
from tests.api.answers import assert_error
from tests.api.automations.automations import call, data, flow, holder, published
from tests.stack import Stack

PATH = "/automations/welcome"
ONE = flow({"id": "a", "kind": "wait", "for": "1d"})
TWO = flow({"id": "a", "kind": "wait", "for": "2d"})
THREE = flow({"id": "b", "kind": "wait", "for": "2d"})


async def test_a_definition_is_read_as_it_was_written(stack: Stack):
    user = await holder(stack)
    await data(stack, user, "POST", "/automations", ONE)
    assert (await call(stack, user, "GET", f"{PATH}/definition")).json() == ONE, "a draft alone"
    await data(stack, user, "POST", f"{PATH}/publish")
    await data(stack, user, "PUT", f"{PATH}/draft", TWO)
    read = (await call(stack, user, "GET", f"{PATH}/definition")).json()
    assert list(read.items()) == list(ONE.items()), "what is published"
    assert (await call(stack, user, "GET", f"{PATH}/definition?version=draft")).json() == TWO
    await data(stack, user, "POST", f"{PATH}/publish", {"mode": "patch"})
    assert (await call(stack, user, "GET", f"{PATH}/definition?version=1")).json() == TWO
    assert (await call(stack, user, "GET", f"{PATH}/definition?version=1.1")).json() == ONE
    assert_error(await call(stack, user, "GET", f"{PATH}/definition?version=draft"), 409, "draft_missing")
    assert_error(await call(stack, user, "GET", f"{PATH}/definition?version=7"), 404, "version_not_found")
    assert (await call(stack, user, "GET", f"{PATH}/definition?version=1.x")).status_code == 422
    shown = await data(stack, user, "GET", f"{PATH}/versions/1.1")
    assert (shown["revision"], shown["definition"], shown["people"]) == (1, ONE, "pin")


async def test_two_definitions_are_compared_place_by_place(stack: Stack):
    user = await holder(stack)
    await published(stack, user, ONE)
    await data(stack, user, "PUT", f"{PATH}/draft", TWO)
    found = await data(stack, user, "GET", f"{PATH}/diff")
    assert (found["needs"], [one["pointer"] for one in found["differences"]]) == ("patch", ["/steps/0/for"])
    await data(stack, user, "POST", f"{PATH}/publish", {"mode": "patch"})
    await data(stack, user, "PUT", f"{PATH}/draft", THREE)
    await data(stack, user, "POST", f"{PATH}/publish")
    found = await data(stack, user, "GET", f"{PATH}/diff?from=1.1&to=2")
    changes = [(one["change"], one["step"]) for one in found["differences"]]
    assert (found["needs"], changes) == ("version", [("removed", "a"), ("added", "b")])
    assert (await data(stack, user, "GET", f"{PATH}/diff?from=2&to=2"))["needs"] == "nothing"


async def test_an_old_version_is_brought_back_as_the_draft(stack: Stack):
    user = await holder(stack)
    await published(stack, user, ONE)
    await data(stack, user, "PUT", f"{PATH}/draft", THREE)
    await data(stack, user, "POST", f"{PATH}/publish")
    tried = await data(stack, user, "POST", f"{PATH}/draft?dry_run=true", {"version": "1"})
    assert tried["draft"] == ONE
    assert (await data(stack, user, "GET", PATH))["draft"] is None
    back = await data(stack, user, "POST", f"{PATH}/draft", {"version": "1.1"})
    assert (back["draft"], back["version"]) == (ONE, 2)
    assert (await data(stack, user, "POST", f"{PATH}/publish"))["published"] == {"version": 3, "revision": 1}
    assert_error(await call(stack, user, "POST", f"{PATH}/draft", {"version": "9"}), 404, "version_not_found")


async def test_a_draft_is_discarded_and_what_is_published_stays(stack: Stack):
    user = await holder(stack)
    await data(stack, user, "POST", "/automations", ONE)
    assert_error(await call(stack, user, "DELETE", f"{PATH}/draft"), 409, "automation_draft")
    await data(stack, user, "POST", f"{PATH}/publish")
    assert_error(await call(stack, user, "DELETE", f"{PATH}/draft"), 409, "draft_missing")
    await data(stack, user, "PUT", f"{PATH}/draft", TWO)
    assert (await data(stack, user, "DELETE", f"{PATH}/draft?dry_run=true"))["draft"] is None
    read = await call(stack, user, "GET", PATH)
    assert read.json()["data"]["draft"] == TWO
    stale = user.headers | {"If-Match": '"other"'}
    refused = await stack.http.delete(f"/api{PATH}/draft", headers=stale)
    assert refused.status_code == 412
    match = user.headers | {"If-Match": read.headers["etag"]}
    dropped = (await stack.http.delete(f"/api{PATH}/draft", headers=match)).json()["data"]
    assert (dropped["draft"], dropped["version"], dropped["state"]) == (None, 1, "active")
    assert (await call(stack, user, "GET", f"{PATH}/definition")).json() == ONE
    await data(stack, user, "PUT", f"{PATH}/draft", TWO)
    await data(stack, user, "POST", f"{PATH}/archive")
    assert_error(await call(stack, user, "DELETE", f"{PATH}/draft"), 409, "automation_archived")


async def test_a_draft_that_was_discarded_is_in_the_audit_log(stack: Stack):
    user = await holder(stack)
    await published(stack, user, ONE)
    await data(stack, user, "PUT", f"{PATH}/draft", TWO)
    await data(stack, user, "DELETE", f"{PATH}/draft")
    events = await (await admin(stack)).data("GET", f"/audit?actor=user:{user.id}&action=automation.changed")
    assert [event["targets"][0]["id"] for event in events] == ["welcome", "welcome"]
