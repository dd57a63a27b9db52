"""Alerts of the install over HTTP: listed for staff, and posted to the admin's endpoint, signed."""

from collections.abc import Sequence
from uuid import uuid4

from services.alerts.looking import look
from services.alerts.rules import Looked, Rule
from services.callbacks import wake
from services.doctor.findings import Finding, failure
from tests.api.admin import admin
from tests.receiver import is_signed, receiving, register
from tests.stack import Stack
from workflows.policy import CALLBACK_QUEUE


async def test_an_alert_is_listed_for_staff_and_posted_to_the_admins_endpoint(stack: Stack):
    name = uuid4().hex

    async def down(_: Looked) -> Sequence[Finding]:
        return [failure("gateways", f"sms {name} does not work", "xsender gateway health", about=f"sms {name}")]

    async with receiving() as receiver:
        endpoint = await register(stack.pool, stack.keyring, 0, receiver.url, "alert.raised")
        found = await look(Looked(stack.pool, stack.settings), [Rule("gateways", down, 0)])
        await wake(stack.temporal, CALLBACK_QUEUE, found)
        (event,) = await receiver.hears(1)
        assert is_signed(receiver.requests[0], endpoint.secret)
    assert event["type"] == "alert.raised"
    staff = await admin(stack)
    listed = await (await staff.colleague("operator")).data("GET", "/alerts")
    (mine,) = [one for one in listed if one["key"] == f"gateways sms {name}"]
    assert mine == {field: value for field, value in event["data"].items() if field != "ended_at"}
    assert (await (await staff.colleague("finance")).call("GET", "/alerts")).status_code == 403
