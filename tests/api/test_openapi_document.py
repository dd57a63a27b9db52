"""The OpenAPI document: its examples work as they stand, and it tells what is posted to customers."""

from datetime import UTC, datetime
from uuid import UUID

import orjson
import pytest

from api.app import create_app
from api.callbacks.posted import EXAMPLE, MessageEvent
from domain.callbacks import EventType, Snapshot, encode_data, payload
from domain.channels import Channel
from domain.keyring import Keyring
from runtime.settings import Settings
from services.contacts.models import SEND_MODELS
from tests.stack import Stack


@pytest.mark.parametrize("channel", Channel)
async def test_the_example_of_a_send_is_accepted_as_it_stands(stack: Stack, channel: Channel):
    user = await stack.user()
    await stack.gateway(user.id, channel, "sandbox", {})
    document = (await stack.http.get("/openapi.json")).json()
    example = document["components"]["schemas"][SEND_MODELS[channel].__name__]["example"]
    answer = await stack.http.post(f"/api/{channel}/send", json=example, headers=user.headers)
    assert answer.status_code == 200, answer.text
    assert "warnings" not in answer.json()


def test_what_is_posted_is_in_the_section_webhooks():
    document = create_app(Settings(keys=Keyring.generate())).openapi()
    assert set(document["webhooks"]) == {"message", "inbound"}
    assert set(document["components"]["schemas"]["EventType"]["enum"]) == set(EventType)


def test_the_example_of_a_callback_is_what_is_posted():
    event = MessageEvent.model_validate(EXAMPLE)
    data = event.data
    snapshot = Snapshot(
        UUID(str(data.uid)),
        2,
        data.channel,
        data.to,
        data.state,
        True,
        None,
        None,
        data.gateway,
        data.provider_id,
        data.at,
    )
    posted = payload(event.type, datetime(2026, 12, 1, 9, 30, 0, 123456, UTC), encode_data(snapshot.data()).decode())
    assert orjson.loads(posted) == EXAMPLE
