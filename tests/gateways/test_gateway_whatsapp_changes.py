"""Earlier messages that people of WhatsApp revoke, edit or react to."""

from whatsapp_posts import evolution, of_evolution, of_waha, told, waha


async def test_what_a_server_reports_of_earlier_messages(outside):
    key = {"remoteJid": "15551234567@s.whatsapp.net", "fromMe": False, "id": "A"}
    (revoked,) = evolution(outside, "messages.delete", key | {"status": "DELETED"})
    assert (told(revoked), revoked.sender) == (("revoke", "", {"message_id": "A"}), "+15551234567")
    changed = {"key": key, "type": "MESSAGE_EDIT", "editedMessage": {"conversation": "STOP"}, "timestampMs": "5000"}
    (edited,) = evolution(outside, "messages.edited", changed)
    assert told(edited) == ("edit", "STOP", {"message_id": "A", "type": "text"})
    for ours in (key | {"fromMe": True}, key | {"remoteJid": "15550953877@s.whatsapp.net"}):
        assert evolution(outside, "messages.delete", ours) == []


async def test_a_change_that_a_server_reports_in_two_ways_is_one(outside):
    key = {"remoteJid": "15551234567@s.whatsapp.net", "fromMe": False, "id": "A"}
    (first,) = evolution(outside, "messages.delete", key)
    assert of_evolution(outside, protocolMessage={"key": key, "type": "REVOKE"}).key == first.key
    change = {"key": key, "type": 14, "editedMessage": {"conversation": "new"}}
    (first,) = evolution(outside, "messages.edited", change | {"timestampMs": "5000"})
    assert of_evolution(outside, protocolMessage=change | {"timestampMs": "5000"}).key == first.key
    assert of_evolution(outside, protocolMessage=change | {"timestampMs": "6000"}).key != first.key


async def test_what_waha_reports_of_earlier_messages(outside):
    reaction = of_waha(outside, "message.reaction", reaction={"text": "👍", "messageId": "true_1@c.us_3EB0"})
    assert told(reaction) == ("reaction", "", {"message_id": "3EB0", "emoji": "👍"})
    assert reaction.answers == "3EB0"
    edited = of_waha(outside, "message.edited", body="STOP", editedMessageId="A")
    assert told(edited) == ("edit", "STOP", {"message_id": "A", "type": "text"})
    after = {"id": "false_1@c.us_B", "from": "15551234567@c.us", "fromMe": False, "body": ""}
    revoked = of_waha(outside, "message.revoked", after=after, before=after | {"body": "secret"}, revokedMessageId="A")
    assert told(revoked) == ("revoke", "", {"message_id": "A"})
    (ours,) = [waha(outside, "message.revoked", {"after": after | {"fromMe": True}, "revokedMessageId": "A"})]
    assert ours == []
