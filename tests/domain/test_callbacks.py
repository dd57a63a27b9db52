"""Events of callbacks, and their retries."""

import base64
from datetime import UTC, datetime
from uuid import uuid4

import orjson
import pytest

from domain.callbacks import LADDER, EventType, Snapshot, delivery_id, encode_data, new_secret, pause_after, payload
from domain.ids import new_page_id
from domain.messages.statuses import State

AT = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)


def snapshot(**more: object) -> Snapshot:
    known = {
        "uid": new_page_id(),
        "account_id": 7,
        "channel": "email",
        "recipient": "ada@example.com",
        "state": "sent",
        "receipts": False,
        "code": None,
        "reason": None,
        "gateway": "g",
        "provider_id": "p",
        "test": False,
        "at": AT,
    }
    return Snapshot(**known | more)


@pytest.mark.parametrize("state", State)
def test_every_state_is_told_but_those_of_messages_that_have_not_left(state: State):
    kind = EventType.of_state(state)
    if state in (State.SCHEDULED, State.QUEUED, State.PROCESSING):
        assert kind is None
    else:
        assert kind == f"message.{state}"


def test_the_first_try_is_made_at_once_and_the_last_after_three_days():
    assert LADDER[0] == 0
    assert len(LADDER) == 10
    assert 3 * 86_400 < sum(LADDER) < 4 * 86_400
    assert pause_after(len(LADDER), 0.5) is None


@pytest.mark.parametrize("tries", range(1, 10))
def test_pauses_are_spread_around_those_of_the_ladder(tries: int):
    least, usual, most = (pause_after(tries, chance) for chance in (0.0, 0.5, 1.0))
    assert usual == LADDER[tries]
    assert least == pytest.approx(0.9 * usual)
    assert most == pytest.approx(1.1 * usual)


def test_one_event_has_one_id_for_each_endpoint():
    endpoint, uid = uuid4(), new_page_id()
    known = delivery_id(endpoint, "message.clicked", uid, "key")
    assert known == delivery_id(endpoint, "message.clicked", uid, "key")
    others = [
        delivery_id(uuid4(), "message.clicked", uid, "key"),
        delivery_id(endpoint, "message.opened", uid, "key"),
        delivery_id(endpoint, "message.clicked", new_page_id(), "key"),
        delivery_id(endpoint, "message.clicked", uid, "other"),
    ]
    assert len({known, *others}) == 5


def test_a_message_of_an_admin_key_is_nobodys():
    assert {name: snapshot(account_id=0).data()[name] for name in ("user_id", "by_admin")} == {
        "user_id": None,
        "by_admin": True,
    }
    assert (snapshot().data()["user_id"], snapshot().data()["by_admin"]) == (7, False)


@pytest.mark.parametrize(("receipts", "word"), [(True, "processing"), (False, "delivered")])
def test_a_callback_speaks_the_contracts_words(receipts: bool, word: str):
    assert snapshot(receipts=receipts).data()["status"] == word


def test_the_body_of_a_callback_says_what_happened_and_when():
    message = snapshot(code="c", reason="r ü")
    body = payload("message.sent", AT, encode_data(message.data()).decode())
    assert orjson.loads(body) == {
        "type": "message.sent",
        "timestamp": "2026-12-01T09:30:00Z",
        "data": {
            "uid": str(message.uid),
            "channel": "email",
            "to": "ada@example.com",
            "state": "sent",
            "status": "delivered",
            "code": "c",
            "reason": "r ü",
            "user_id": 7,
            "by_admin": False,
            "gateway": "g",
            "provider_id": "p",
            "test": False,
            "at": "2026-12-01T09:30:00Z",
        },
    }


def test_a_body_stays_below_20_kb_whatever_a_message_says():
    words = {"recipient": "é" * 320, "code": "é" * 100, "reason": "😀" * 500, "gateway": "g" * 100}
    message = snapshot(**words, provider_id="é" * 256)
    assert len(payload("message.undelivered", AT, encode_data(message.data()).decode())) < 20_000


def test_secrets_have_32_bytes_and_differ():
    made = {new_secret().removeprefix("whsec_") for _ in range(100)}
    assert {len(base64.b64decode(secret, validate=True)) for secret in made} == {32}
    assert len(made) == 100
