"""An export of a person has all that an account knows of them, texts included, and of nobody else."""

import json

from tests.api.admin import admin
from tests.api.automations.automations import call, data, holder
from tests.api.operations import ended
from tests.api.persons.persons import known_person, sent
from tests.api.test_leaving_users import files_in
from tests.stack import Stack

OTHER = "+14155557799"


async def test_an_export_has_all_of_a_person_and_nothing_of_others(stack: Stack):
    user, person, contact = await known_person(stack)
    phone = person.answers["phone"]
    texts = [{"number": phone, "body": f"A {person.answers['wish']}?"}, {"number": OTHER, "body": "For another"}]
    assert (await stack.send(user, "sms", *texts)).status_code == 200
    await sent(stack, user, 3)
    begun = await data(stack, user, "POST", "/persons/export", {"contact": contact})
    await ended(stack.pool, begun["id"])
    files = files_in(await call(stack, user, "GET", f"/operations/{begun['id']}/result"))
    names = {"contacts", "contact_events", "consents", "consent_history", "inbound", "leads", "automation_runs"}
    assert {f"{name}.ndjson" for name in names | {"messages", "attempts", "texts"}} <= set(files)
    assert [row["recipient"] for row in files["messages.ndjson"]] == [phone, phone]
    assert f"A {person.answers['wish']}?" in [row["body"] for row in files["texts.ndjson"]]
    assert files["leads.ndjson"][0]["raw"]["answers"]["wish"] == person.answers["wish"]
    assert files["consent_history.ndjson"][0]["text_shown"] == f"I am {person.full_name}"
    assert OTHER not in json.dumps(files)
    assert "For another" not in json.dumps(files)


async def test_staff_exports_a_person_if_it_may_see_recipients(stack: Stack):
    owner, user = await admin(stack), await holder(stack)
    assert (await stack.send(user, "sms", {"number": OTHER, "body": "Hi"})).status_code == 200
    await sent(stack, user, 1)
    where = f"/users/{user.id}/persons/export"
    begun = await owner.data("POST", where, {"phone": OTHER})
    await ended(stack.pool, begun["id"])
    files = files_in(await owner.call("GET", f"/operations/{begun['id']}/result"))
    assert [row["body"] for row in files["texts.ndjson"]] == ["Hi"]
    await owner.data("PUT", "/roles/personal", {"permissions": ["users:export", "users:read"]})
    member = await owner.colleague("personal")
    assert (await member.call("POST", where, {"phone": OTHER})).status_code == 403
