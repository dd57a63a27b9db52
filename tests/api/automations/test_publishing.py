"""Saving and publishing: drafts, patches, versions, pauses; and what they do to contacts inside."""

import asyncio

from tests.api.answers import assert_error
from tests.api.automations.automations import ada, call, data, entered, flow, holder, published, reaches, sms, texts
from tests.stack import Stack


async def test_a_draft_changes_nothing_before_it_is_published(stack: Stack):
    user = await holder(stack)
    made = await data(stack, user, "POST", "/automations", flow(sms("one")))
    assert (made["state"], made["version"]) == ("draft", None)
    assert list(made["draft"].items()) == list(flow(sms("one")).items()), "as it was written"
    contact = await ada(stack, user)
    refused = await call(stack, user, "POST", "/automations/welcome/runs", {"contact": contact})
    assert_error(refused, 409, "automation_draft")
    await data(stack, user, "POST", "/automations/welcome/publish")
    await data(stack, user, "PUT", "/automations/welcome/draft", flow(sms("two")))
    assert await texts(stack, user, await reaches(stack, user, await entered(stack, user, contact))) == ["one"]
    again = await call(stack, user, "POST", "/automations", flow(sms()))
    assert_error(again, 409, "key_taken")
    address = await call(stack, user, "POST", "/automations", flow(sms(), key="attention"))
    assert_error(address, 422, "automation_key", "/key")
    other = await call(stack, user, "PUT", "/automations/welcome/draft", flow(sms(), key="other"))
    assert_error(other, 422, "automation_key", "/key")


async def test_all_faults_of_a_definition_are_named_with_their_places(stack: Stack):
    user = await holder(stack)
    broken = flow({"kind": "wait", "for": "soon"}, {"kind": "dance"}, sms("{{ x"))
    errors = (await call(stack, user, "POST", "/automations", broken)).json()["errors"]
    assert {one["pointer"].rsplit("/steps/")[1].split("/")[0] for one in errors} == {"0", "1", "2"}


GONE = {"id": "a", "kind": "start", "automation": "gone"}


async def test_what_a_definition_names_must_be_there_when_it_is_published(stack: Stack):
    user = await holder(stack)
    names = flow(
        sms(gateway="nowhere"),
        {"kind": "send", "channel": "sms", "template": "unknown"},
        {
            "kind": "branch",
            "arms": [{"when": {"tag": "x"}, "steps": [{"id": "a", "kind": "start", "automation": "gone"}]}],
        },
        trigger={"kind": "webhook", "hook": "shop"},
    )
    await data(stack, user, "POST", "/automations", names)
    errors = (await call(stack, user, "POST", "/automations/welcome/publish")).json()["errors"]
    assert [(one["pointer"], one["code"]) for one in errors] == [
        ("/trigger/hook", "hook_unknown"),
        ("/steps/0/gateway", "gateway_not_found"),
        ("/steps/1/template", "template_unknown"),
        ("/steps/2/arms/0/steps/0/automation", "automation_unknown"),
    ]


async def test_the_id_of_a_step_belongs_to_no_step_of_another_kind_later(stack: Stack):
    user = await holder(stack)
    branch = {"kind": "branch", "arms": [{"when": {"tag": "x"}, "steps": [{"id": "deep", **sms("a")}]}]}
    await published(stack, user, flow(branch))
    await data(stack, user, "PUT", "/automations/welcome/draft", flow({"id": "deep", "kind": "wait", "for": "1h"}))
    refused = await call(stack, user, "POST", "/automations/welcome/publish")
    assert_error(refused, 422, "step_id_reused", "/steps/0/id")


async def test_automations_that_would_start_each_other_for_ever_are_refused(stack: Stack):
    user = await holder(stack)
    await data(stack, user, "POST", "/automations", flow(sms(), key="third"))
    emits = flow({"kind": "emit", "event": "shop.seen"}, key="second", trigger={"kind": "manual"})
    await published(stack, user, emits)
    first = flow({"kind": "start", "automation": "second"}, trigger={"kind": "event", "event": "shop.seen"})
    await data(stack, user, "POST", "/automations", first)
    assert_error(await call(stack, user, "POST", "/automations/welcome/publish"), 422, "automation_circle", "/steps")
    harmless = first | {"trigger": {"kind": "event", "event": "shop.other"}}
    await data(stack, user, "PUT", "/automations/welcome/draft", harmless)
    await data(stack, user, "POST", "/automations/welcome/publish")


async def test_a_patch_reaches_contacts_inside_and_moves_their_waits(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user)
    await published(stack, user, flow({"kind": "wait", "for": "30d"}, sms("old")))
    run = await entered(stack, user, contact)
    await reaches(stack, user, run, "waiting")
    await data(stack, user, "PUT", "/automations/welcome/draft", flow({"kind": "wait", "for": "1s"}, sms("new")))
    report = await data(stack, user, "POST", "/automations/welcome/publish?dry_run=true", {"mode": "patch"})
    assert report["inside"] == {"1": {"s0": 1}}
    assert {one["pointer"] for one in report["differences"]} == {"/steps/0/for", "/steps/1/content/body"}
    await data(stack, user, "POST", "/automations/welcome/publish", {"mode": "patch", "note": "sooner"})
    found = await reaches(stack, user, run)
    assert await texts(stack, user, found) == ["new"]
    assert found["version"] == 1
    versions = (await call(stack, user, "GET", "/automations/welcome/versions")).json()["data"]
    assert [(one["version"], one["revision"], one["note"]) for one in versions] == [(1, 2, "sooner"), (1, 1, "")]


async def test_a_version_leaves_contacts_inside_where_they_are(stack: Stack):
    user = await holder(stack)
    await published(stack, user, flow({"kind": "wait", "for": "3s"}, sms("old")))
    run = await entered(stack, user, await ada(stack, user))
    await reaches(stack, user, run, "waiting")
    draft = flow({"id": "s3", **sms("first")}, {"id": "s2", **sms("second")})
    await data(stack, user, "PUT", "/automations/welcome/draft", draft)
    refused = await call(stack, user, "POST", "/automations/welcome/publish", {"mode": "patch"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["code"] == "patch_structure"
    await data(stack, user, "POST", "/automations/welcome/publish", {"mode": "version"})
    assert await texts(stack, user, await reaches(stack, user, run)) == ["old"]
    later = await ada(stack, user, phone="+14155550124")
    found = await reaches(stack, user, await entered(stack, user, later))
    assert (found["version"], await texts(stack, user, found)) == (2, ["first", "second"])


async def test_a_paused_automation_takes_no_step_and_lets_nobody_in_until_it_is_resumed(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user)
    await published(stack, user, flow({"kind": "wait", "for": "1s"}, sms()))
    run = await entered(stack, user, contact)
    assert (await data(stack, user, "POST", "/automations/welcome/pause"))["state"] == "paused"
    other = await ada(stack, user, phone="+14155550124")
    made = await data(stack, user, "POST", "/automations/welcome/runs", {"contact": other})
    assert made == {"outcome": "not_active", "run": None}
    await asyncio.sleep(2)
    assert (await data(stack, user, "GET", f"/runs/{run}"))["state"] in ("running", "waiting")
    await data(stack, user, "POST", "/automations/welcome/resume")
    assert await texts(stack, user, await reaches(stack, user, run)) == ["Hi Ada"]


async def test_an_archived_automation_ends_its_runs(stack: Stack):
    user = await holder(stack)
    await published(stack, user, flow({"kind": "wait", "for": "30d"}, sms()))
    run = await entered(stack, user, await ada(stack, user))
    await reaches(stack, user, run, "waiting")
    await data(stack, user, "POST", "/automations/welcome/archive")
    found = await reaches(stack, user, run)
    assert (found["state"], found["reason"]) == ("cancelled", "archived")


async def test_who_is_not_let_in_is_kept_with_the_reason(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user)
    rules = {"filter": {"field": "event.total", "op": "gte", "value": 20}, "re_entry": {"mode": "never"}}
    await published(stack, user, flow({"kind": "wait", "for": "2s"}, entry=rules))
    outcomes = []
    for total in (5, 50, 50):
        body = {"contact": contact, "data": {"total": total}}
        outcomes.append((await data(stack, user, "POST", "/automations/welcome/runs", body))["outcome"])
    (run,) = (await call(stack, user, "GET", "/automations/welcome/runs")).json()["data"]
    await reaches(stack, user, run["id"])
    outcomes.append((await data(stack, user, "POST", "/automations/welcome/runs", body))["outcome"])
    assert outcomes == ["filter", "admitted", "already_inside", "re_entry_never"]
    entries = (await call(stack, user, "GET", "/automations/welcome/entries")).json()["data"]
    assert [one["outcome"] for one in entries] == outcomes[::-1]
    refused = await call(stack, user, "GET", "/automations/welcome/entries?outcome=filter")
    assert len(refused.json()["data"]) == 1


async def test_a_run_goes_on_with_the_contact_that_its_own_is_merged_into(stack: Stack):
    user = await holder(stack)
    contact, other = await ada(stack, user), await ada(stack, user, phone=None, external_id="7", first_name="Augusta")
    await published(stack, user, flow({"kind": "wait", "for": "3s"}, sms()))
    run = await entered(stack, user, other)
    await reaches(stack, user, run, "waiting")
    await data(stack, user, "POST", f"/contacts/{contact}/merge", {"from": other})
    assert await texts(stack, user, await reaches(stack, user, run)) == ["Hi Ada"]


async def test_a_run_of_a_contact_that_is_deleted_ends(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user)
    await published(stack, user, flow({"kind": "wait", "for": "2s"}, sms()))
    run = await entered(stack, user, contact)
    await reaches(stack, user, run, "waiting")
    assert (await call(stack, user, "DELETE", f"/contacts/{contact}")).status_code == 200
    assert (await reaches(stack, user, run))["reason"] == "contact_deleted"


async def test_a_run_that_failed_goes_on_at_its_step_once_that_is_mended(stack: Stack):
    user = await holder(stack)
    emits = {"kind": "emit", "event": "shop.seen", "data": {"size": "{{ contact.shoe }}"}}
    await published(stack, user, flow(sms("one"), emits, sms("two")))
    run = await entered(stack, user, await ada(stack, user))
    failed = await reaches(stack, user, run)
    assert (failed["state"], failed["error"]["step"]) == ("failed", "s1")
    mended = flow(sms("one"), emits | {"data": {"size": "L"}}, sms("two"))
    await data(stack, user, "PUT", "/automations/welcome/draft", mended)
    await data(stack, user, "POST", "/automations/welcome/publish", {"mode": "patch"})
    assert (await data(stack, user, "POST", f"/runs/{run}/retry"))["state"] == "running"
    found = await reaches(stack, user, run)
    assert (found["state"], found["error"]) == ("completed", None)
    assert [one["step"] for one in found["steps"]] == ["s0", "s1", "s1", "s2"]
    assert await texts(stack, user, found) == ["one", "two"]
    assert_error(await call(stack, user, "POST", f"/runs/{run}/retry"), 409, "run_not_failed")


async def test_a_run_is_ended_by_hand(stack: Stack):
    user = await holder(stack)
    await published(stack, user, flow({"kind": "wait", "for": "30d"}, sms()))
    run = await entered(stack, user, await ada(stack, user))
    await reaches(stack, user, run, "waiting")
    await data(stack, user, "POST", f"/runs/{run}/exit")
    found = await reaches(stack, user, run)
    assert (found["state"], found["reason"]) == ("exited", "by_hand")
    assert_error(await call(stack, user, "POST", f"/runs/{run}/exit"), 409, "run_ended")


async def test_a_run_goes_on_although_its_workflow_is_gone(stack: Stack):
    user = await holder(stack)
    await published(stack, user, flow({"kind": "wait", "for": "5s"}, sms()))
    run = await entered(stack, user, await ada(stack, user))
    await reaches(stack, user, run, "waiting")
    await stack.temporal.get_workflow_handle(f"automation-{run}").terminate("a test")
    assert await texts(stack, user, await reaches(stack, user, run)) == ["Hi Ada"]
