"""``xsender workflows`` over a page that waits for its time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.ids import page_of, send_workflow_id
from tests.cli.conftest import Cli
from tests.services.workflows.test_attributes import found
from tests.stack import Stack


async def test_a_page_is_listed_and_terminated_once_it_is_said_so(stack: Stack, cli: Cli):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    answer = await stack.send(user, "sms", {"number": "+12025550101", "body": "Hi", "schedule_at": later})
    page = send_workflow_id(page_of(UUID(answer.json()["data"][0]["uid"])))
    await found(stack.temporal, f"WorkflowId = '{page}'")
    install = {"XSENDER_TEMPORAL_ADDRESS": stack.settings.temporal_address}

    async def workflows(*arguments: str):
        account = ("--account", str(user.id), "--channel", "sms", "--lane", "transactional")
        return await cli("workflows", *arguments, *account, **install)

    listed = (await workflows("list", "--json")).json
    assert listed["counts"] == [{"type": "SendWorkflow", "status": "running", "workflows": 1}]
    assert [(row["id"], row["status"], row["account"]) for row in listed["workflows"]] == [
        (page, "running", str(user.id))
    ]
    assert page in (await workflows("list")).out
    dry = (await workflows("terminate", "--json")).json
    assert (dry["workflows"], dry["applied"], dry["job"]) == (1, False, None)
    assert "cancelled, code terminated" in dry["effects"][0]
    assert "Give a reason" in (await workflows("terminate", "--apply")).refusal
    done = (await workflows("terminate", "--apply", "--reason", "no use", "--wait", "--json")).json
    assert (done["applied"], done["progress"]["done"]) == (True, 1)
    shown = (await cli("workflows", "progress", done["job"], "--json", **install)).json
    assert (shown["state"], shown["workflows"], shown["reason"]) == ("done", 1, "no use")
    assert "has ended" in (await cli("workflows", "stop", done["job"], **install)).refusal
    (event, *_) = (await cli("audit", "list", "--target", f"workflows:{done['job']}", "--json")).json
    assert (event["action"], event["reason"]) == ("workflows.terminate", "no use")


def test_a_filter_that_is_none_is_refused(refusal: Callable[..., str], stack: Stack, monkeypatch):
    monkeypatch.setenv("XSENDER_TEMPORAL_ADDRESS", stack.settings.temporal_address)
    assert "write it as in 7d" in refusal("workflows", "list", "--older-than", "soon")
    assert "There is no channel 'fax'" in refusal("workflows", "list", "--channel", "fax")
