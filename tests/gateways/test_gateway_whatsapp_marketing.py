"""What people of WhatsApp choose about marketing, and the category of templates."""

import json

import pytest
from whatsapp import exchange
from whatsapp_posts import BSUID, meta

from domain.channels import Channel
from domain.messages.receipts import decode_events, encode_events
from gateways.conformance.fake_provider import answer


@pytest.mark.parametrize(("value", "marketing"), [("stop", "stop"), ("resume", "resume")])
@pytest.mark.parametrize("who", [{"wa_id": "15551234567"}, {"user_id": BSUID}])
async def test_what_a_person_chose_for_marketing(outside, value, marketing, who):
    chosen = {"category": "marketing_messages", "value": value, "detail": "User requested", "timestamp": 1731705721}
    (found,) = meta(outside, "user_preferences", user_preferences=[chosen | who])
    assert (found.marketing, found.kind, found.at) == (marketing, "user_preferences", 1731705721.0)
    assert found.sender == ("+15551234567" if "wa_id" in who else BSUID)
    assert json.loads(found.content) == {"category": "marketing_messages", "value": value, "detail": "User requested"}
    assert decode_events(encode_events([found])) == [found]


@pytest.mark.parametrize(
    "chosen",
    [
        {"category": "marketing_messages", "value": "pause", "wa_id": "1"},
        {"category": "other", "value": "stop", "wa_id": "1"},
        {"category": "marketing_messages", "value": "stop"},
    ],
)
async def test_a_choice_that_we_do_not_know_changes_nothing(outside, chosen):
    assert meta(outside, "user_preferences", user_preferences=[chosen]) == []


async def test_the_category_of_a_template_is_not_sent(outside, make):
    template = {"name": "offer", "language": "en_US", "components": [], "category": "marketing"}
    message = make(channel=Channel.WHATSAPP, to="+15551234567", template=template)
    _, request = await exchange(outside, "whatsapp_cloud", answer(200, b"{}"), message)
    assert json.loads(request.body)["template"] == {"name": "offer", "language": {"code": "en_US"}, "components": []}
