import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.devices.messages import Report
from domain.devices.received import as_inbound
from domain.devices.sims import Sim
from domain.devices.smsgate.events import EVENTS, cancelled_in, health_in, received_in
from domain.devices.smsgate.ids import message_id, parse_id
from domain.devices.smsgate.reports import reports_of

UID = UUID("019b0d3c-5a10-8000-8000-00000000002a")
AT = datetime(2026, 11, 28, 8, 30, 0, 123000, tzinfo=UTC)


@given(st.uuids(), st.integers(min_value=1, max_value=32_767))
def test_each_attempt_has_an_id_of_its_own_that_leads_back_to_it(uid: UUID, attempt: int) -> None:
    name = message_id(uid, attempt)

    assert len(name) <= 36
    assert parse_id(name) == (uid, attempt)


def test_an_id_that_is_none_of_ours_leads_to_nothing() -> None:
    for name in ("", "PyDmBQZZXYmyxMwED8Fzy", UID.hex, str(UID).upper(), f"{UID.hex}-0", f"{UID.hex}-zzzz"):
        assert parse_id(name) is None


def row(state: str, **more: Any) -> dict[str, Any]:
    recipient = {"phoneNumber": "+4915112345678", "state": state, "error": more.pop("error", None)}
    times = {"Processed": "2026-11-28T09:29:00.000+01:00", state: "2026-11-28T09:30:00.123+01:00"}
    return {"id": str(UID), "state": state, "recipients": [recipient], "states": times, **more}


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("Pending", "accepted"),
        ("Processed", "accepted"),
        ("Sent", "sent"),
        ("Delivered", "delivered"),
        ("Failed", "failed"),
        ("Cancelled", "cancelled"),
    ],
)
def test_states_of_the_app_have_the_same_meaning_here(state: str, status: str) -> None:
    assert reports_of([row(state)]) == [Report(UID, 1, status, at=AT)]  # type: ignore[arg-type]


def test_the_state_of_the_recipient_counts_before_that_of_the_message() -> None:
    (report,) = reports_of([row("Failed", error="Send result: RESULT_ERROR_RADIO_OFF") | {"state": "Sent"}])

    assert (report.status, report.reason) == ("failed", "Send result: RESULT_ERROR_RADIO_OFF")


def test_what_cannot_be_read_hides_nothing_else() -> None:
    odd: list[Any] = [None, 1, {}, {"id": 5}, {"id": "not ours", "state": "Sent"}, row("Exploded"), row("Cancelling")]
    bare = {"id": message_id(UID, 3), "state": "Sent", "recipients": [], "states": {"Sent": "yesterday"}}

    assert reports_of([*odd, bare]) == [Report(UID, 3, "sent")]
    assert reports_of({"id": str(UID)}) == []


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["Sent", str(UID)]),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["id", "state", "recipients", "states", "error", "Sent"]), inner)
    ),
)


@given(_json)
def test_no_body_is_too_odd_to_be_read(body: object) -> None:
    assert all(report.uid == UID for report in reports_of(body))


_payload = st.dictionaries(
    st.sampled_from(["messageId", "sender", "phoneNumber", "message", "receivedAt", "simNumber", "health", "checks"])
    | st.text(),
    _json,
)


@given(st.sampled_from([*EVENTS, "", "sms:dreamt"]), _payload)
def test_no_event_is_too_odd_to_be_read(event: str, payload: dict[str, Any]) -> None:
    received = received_in(event, payload, UID)
    health_in(event, payload)
    cancelled_in(event, payload)

    if received is not None:
        as_inbound(received, UID, [Sim("sim-1", 0, country="DE")], AT)


def test_a_picture_of_an_mms_is_left_out_of_what_is_kept() -> None:
    payload = {"sender": "+4915198765432", "subject": "Photo", "attachments": [{"data": "A" * 100_000}]}
    received = received_in("mms:downloaded", payload, UID)

    assert received is not None
    assert json.loads(received.content or "") == {"subject": "Photo", "truncated": True, "device": str(UID)}
