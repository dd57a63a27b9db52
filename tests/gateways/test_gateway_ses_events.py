"""Amazon SES's events by SNS: which messages are believed, what is fetched for that, and what they say."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from posts import post
from sns_signer import CERTIFICATE_URL, NOW, SUBSCRIBE_URL, TOPIC, Amazon, certificate, rsa_key, signed, sns_post
from test_gateway_ses import CONFIG

from domain.channels import Channel
from domain.messages.receipts import Receipt, ReceiptKind
from gateways.conformance.fake_provider import answer, hang, serve
from gateways.email.ses import SesWebhook
from gateways.email.sns import fetch_over
from gateways.net.http import HttpClient
from gateways.registry import parse_config
from gateways.webhooks.webhook import UnreadablePost


@pytest.fixture
def amazon():
    return Amazon({CERTIFICATE_URL: certificate(rsa_key()), SUBSCRIBE_URL: b"<ConfirmSubscriptionResponse/>"})


@pytest.fixture
def webhook(outside, amazon):
    return SesWebhook(parse_config("ses", Channel.EMAIL, CONFIG | {"topic_arn": TOPIC}), outside, amazon.fetch)


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", [None, "Amazon SES Email Event Notification", ""])
async def test_a_signed_message_is_believed_and_its_certificate_fetched_once(webhook, amazon, version, subject):
    for n in range(3):
        genuine = sns_post(signed(version, Subject=subject, MessageId=f"m-{n}", Message='{"grüße": "\\n"}'))
        assert await webhook.handshake(genuine) is None
        assert await webhook.verify(genuine)
    assert amazon.fetched == [CERTIFICATE_URL]


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("name", ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type", "Signature"])
async def test_no_signed_field_can_be_changed(webhook, version, name):
    message = signed(version, Subject="s", Message='{"eventType":"Bounce"}')
    for place in range(len(message[name])):
        changed = message[name][:place] + chr(ord(message[name][place]) ^ 1) + message[name][place + 1 :]
        assert not await webhook.verify(sns_post(message | {name: changed}))


@pytest.mark.parametrize(
    "change",
    [
        {"Signature": None},
        {"Signature": "not base64!"},
        {"Signature": 7},
        {"SignatureVersion": "2"},
        {"SignatureVersion": "3"},
        {"SigningCertURL": None},
        {"Message": None},
        {"Message": {"eventType": "Bounce"}},
        {"Subject": "added"},
        {"Type": None},
        {"Type": "Other"},
        {"Timestamp": None},
        {"Timestamp": "²"},
    ],
)
async def test_what_is_not_signed_is_refused(webhook, change):
    message = {name: value for name, value in (signed() | change).items() if value is not None}
    assert not await webhook.verify(sns_post(message))


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"null", b"{}", b"\xff"])
async def test_what_is_no_message_is_refused(webhook, amazon, body):
    for headers in ({}, {"x-amz-sns-message-type": "Notification"}):
        assert await webhook.handshake(post(body, headers, now=NOW.timestamp())) is None
        assert not await webhook.verify(post(body, headers, now=NOW.timestamp()))
    assert amazon.fetched == []


async def test_the_headers_must_say_the_same_as_the_message(webhook, amazon):
    assert not await webhook.verify(sns_post(signed(), x_amz_sns_message_type="SubscriptionConfirmation"))
    assert not await webhook.verify(sns_post(signed(), x_amz_sns_message_id="other"))
    assert not await webhook.verify(replace(sns_post(signed()), headers={}))
    assert amazon.fetched == []


@pytest.mark.parametrize(("seconds", "believed"), [(-3601, False), (-3590, True), (3590, True), (3601, False)])
async def test_messages_are_believed_for_an_hour(webhook, amazon, seconds, believed):
    got = sns_post(signed(Timestamp="2026-03-01T12:00:00.000Z"), now=NOW + timedelta(seconds=seconds))
    assert await webhook.verify(got) is believed
    assert bool(amazon.fetched) is believed


async def test_messages_of_another_topic_are_refused_however_well_signed(webhook, amazon):
    other = "arn:aws:sns:eu-west-1:999999999999:ses-events"
    for kind in ("Notification", "SubscriptionConfirmation"):
        got = sns_post(signed(Type=kind, TopicArn=other))
        assert await webhook.handshake(got) is None
        assert not await webhook.verify(got)
    assert amazon.fetched == []


@pytest.mark.parametrize(
    "url",
    [
        "https://sns.evil.amazonaws.com.evil.io/a.pem",
        "https://evil.io/sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.io/a.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/a.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.io/a.pem",
        "https://sns.eu-west-1.amazonaws.com\\@evil.io/a.pem",
        "https://evilsns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu.west.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com/a.pem?x=.pem",
        "https://sns.eu-west-1.amazonaws.com/?a=.pem",
        "https://sns.eu-west-1.amazonaws.com/a.pem\n",
        "https://sns.eu-west-1.amazonaws.com/a.txt",
        "https://s3.amazonaws.com/sns.eu-west-1/a.pem",
        "https://bucket.s3.eu-west-1.amazonaws.com/a.pem",
        "http://sns.eu-west-1.amazonaws.com/a.pem",
        "//sns.eu-west-1.amazonaws.com/a.pem",
        "",
    ],
)
async def test_certificates_are_fetched_from_sns_only(webhook, amazon, url):
    amazon.pages[url] = amazon.pages[CERTIFICATE_URL]
    assert not await webhook.verify(sns_post(signed(SigningCertURL=url)))
    assert amazon.fetched == []


@pytest.mark.parametrize("host", ["sns.us-gov-west-1.amazonaws.com", "sns.cn-north-1.amazonaws.com.cn"])
async def test_certificates_of_other_partitions(webhook, amazon, host):
    url = f"https://{host}/SimpleNotificationService-1.pem"
    amazon.pages[url] = amazon.pages[CERTIFICATE_URL]
    assert await webhook.verify(sns_post(signed(SigningCertURL=url)))


async def test_another_key_than_the_certificates_is_refused(webhook):
    assert not await webhook.verify(sns_post(signed(signer=rsa.generate_private_key(65537, 2048))))


@pytest.mark.parametrize(
    "pem",
    [certificate(rsa_key(), days=-1), certificate(ec.generate_private_key(ec.SECP256R1()))],
    ids=["old", "no RSA"],
)
async def test_certificates_that_do_not_count(webhook, amazon, pem):
    amazon.pages[CERTIFICATE_URL] = pem
    assert not await webhook.verify(sns_post(signed()))


@pytest.mark.parametrize(
    "page", [None, b"", b"<html>", b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"]
)
async def test_without_a_certificate_sns_is_asked_to_come_back(webhook, amazon, page):
    pem = amazon.pages.pop(CERTIFICATE_URL)
    if page is not None:
        amazon.pages[CERTIFICATE_URL] = page
    reply = await webhook.handshake(sns_post(signed()))
    assert reply is not None
    assert reply.status == webhook.BUSY
    assert not await webhook.verify(sns_post(signed()))
    amazon.pages[CERTIFICATE_URL] = pem
    assert await webhook.verify(sns_post(signed()))


async def test_a_subscription_to_our_topic_is_confirmed(webhook, amazon):
    reply = await webhook.handshake(sns_post(signed("2", Type="SubscriptionConfirmation", Message="You have chosen …")))
    assert reply == webhook.ACCEPTED
    assert amazon.fetched == [CERTIFICATE_URL, SUBSCRIBE_URL]


async def test_a_subscription_that_cannot_be_confirmed_is_to_be_tried_again(webhook, amazon):
    del amazon.pages[SUBSCRIBE_URL]
    reply = await webhook.handshake(sns_post(signed(Type="SubscriptionConfirmation")))
    assert reply is not None
    assert reply.status == webhook.BUSY


@pytest.mark.parametrize(
    "change", [{"Token": "other"}, {"SubscribeURL": SUBSCRIBE_URL + "&x=1"}, {"Signature": "AAAA"}]
)
async def test_an_unsigned_subscription_is_not_confirmed(webhook, amazon, change):
    got = sns_post(signed(Type="SubscriptionConfirmation") | change)
    assert await webhook.handshake(got) is None
    assert not await webhook.verify(got)
    assert amazon.fetched == [CERTIFICATE_URL]


@pytest.mark.parametrize(
    "url",
    [
        "https://sns.eu-west-1.amazonaws.com.evil.io/?Action=ConfirmSubscription",
        "https://sns.eu-west-1.amazonaws.com@evil.io/?Action=ConfirmSubscription",
        "http://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription",
        "https://sns.eu-west-1.amazonaws.com/?Action=Confirm Subscription",
        "https://169.254.169.254/latest/meta-data/",
    ],
)
async def test_even_a_signed_subscription_is_confirmed_at_sns_only(webhook, amazon, url):
    reply = await webhook.handshake(sns_post(signed(Type="SubscriptionConfirmation", SubscribeURL=url)))
    assert reply == webhook.REFUSED
    assert amazon.fetched == [CERTIFICATE_URL]


async def test_the_end_of_a_subscription_is_acknowledged_and_nothing_done(webhook, amazon):
    assert await webhook.handshake(sns_post(signed(Type="UnsubscribeConfirmation"))) == webhook.ACCEPTED
    assert amazon.fetched == [CERTIFICATE_URL]


async def test_without_a_topic_nothing_is_believed_or_fetched(outside, amazon):
    webhook = SesWebhook(parse_config("ses", Channel.EMAIL, CONFIG), outside, amazon.fetch)
    assert not webhook.is_configured
    for kind in ("Notification", "SubscriptionConfirmation"):
        assert await webhook.handshake(sns_post(signed(Type=kind))) is None
        assert not await webhook.verify(sns_post(signed(Type=kind)))
    assert amazon.fetched == []


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (answer(200, b"pem"), b"pem"),
        (answer(404, b"no"), None),
        (answer(302, Location="http://169.254.169.254/"), None),
    ],
)
async def test_fetching_over_http(outside, reply, expected):
    async with serve(reply) as server:
        assert await fetch_over(outside.private)(f"{server.url}/a.pem?b=c") == expected
        assert (
            await fetch_over(HttpClient())(f"{server.url}/a.pem") is None
        )  # the public client enters no private network
    assert [(request.method, request.target) for request in server.requests] == [("GET", "/a.pem?b=c")]


async def test_fetching_from_a_server_that_hangs(outside, monkeypatch):
    monkeypatch.setattr("gateways.email.sns.FETCH_SECONDS", 0.1)
    async with serve(hang) as server:
        assert await fetch_over(outside.private)(server.url) is None


MAIL = {
    "timestamp": "2026-03-01T11:00:00.000Z",
    "messageId": "0102018b",
    "destination": ["ann@example.com", "bob@example.com"],
    "commonHeaders": {"to": ["ann@example.com"], "cc": ["Bob@example.com"]},
    "tags": {"ses:configuration-set": ["events"], "uid": ["u-1"]},
}


def read(webhook, event):
    return webhook.read(sns_post(signed(Message=json.dumps(event))))


@pytest.mark.parametrize("field", ["eventType", "notificationType"])
@pytest.mark.parametrize(
    ("name", "place", "details", "expected"),
    [
        ("Send", "send", {}, Receipt(ReceiptKind.SENT, "m|", 0.0)),
        (
            "Delivery",
            "delivery",
            {"timestamp": "2026-03-01T11:00:09.500Z", "recipients": ["ann@example.com"], "smtpResponse": "250 ok"},
            Receipt(ReceiptKind.DELIVERED, "m|ann@example.com", 9.5),
        ),
        (
            "DeliveryDelay",
            "deliveryDelay",
            {
                "delayType": "MailboxFull",
                "delayedRecipients": [{"emailAddress": "ann@example.com", "diagnosticCode": "452"}],
            },
            Receipt(ReceiptKind.DEFERRED, "m|ann@example.com", 0.0, code="ses_MailboxFull", reason="452"),
        ),
        (
            "Bounce",
            "bounce",
            {
                "bounceType": "Permanent",
                "bounceSubType": "NoEmail",
                "bouncedRecipients": [{"emailAddress": "ann@example.com", "diagnosticCode": "smtp; 550 5.1.1 no"}],
            },
            Receipt(ReceiptKind.BOUNCED, "m|ann@example.com", 0.0, code="ses_NoEmail", reason="smtp; 550 5.1.1 no"),
        ),
        *[
            (
                "Bounce",
                "bounce",
                {
                    "bounceType": kind,
                    "bounceSubType": "General",
                    "bouncedRecipients": [{"emailAddress": "ann@example.com"}],
                },
                Receipt(ReceiptKind.UNDELIVERED, "m|ann@example.com", 0.0, code="ses_General"),
            )
            for kind in ("Transient", "Undetermined")
        ],
        (
            "Complaint",
            "complaint",
            {"complaintFeedbackType": "abuse", "complainedRecipients": [{"emailAddress": "ann@example.com"}]},
            Receipt(ReceiptKind.COMPLAINED, "m|ann@example.com", 0.0, code="ses_abuse"),
        ),
        ("Reject", "reject", {"reason": "Bad content"}, Receipt(ReceiptKind.REJECTED, "m|", 0.0, reason="Bad content")),
        (
            "Rendering Failure",
            "failure",
            {"errorMessage": "no attribute", "templateName": "t"},
            Receipt(ReceiptKind.FAILED, "m|", 0.0, reason="no attribute"),
        ),
        ("Open", "open", {"ipAddress": "192.0.2.1"}, Receipt(ReceiptKind.OPENED, "m|", 0.0)),
        (
            "Click",
            "click",
            {"link": "https://example.com/a"},
            Receipt(ReceiptKind.CLICKED, "m|", 0.0, url="https://example.com/a"),
        ),
        (
            "Subscription",
            "subscription",
            {"newTopicPreferences": {"unsubscribeAll": True}},
            Receipt(ReceiptKind.UNSUBSCRIBED, "m|", 0.0),
        ),
    ],
)
async def test_every_kind_of_event(webhook, field, name, place, details, expected):
    at = {"timestamp": "2026-03-01T11:00:00Z"} | details
    (receipt,) = read(webhook, {field: name, "mail": MAIL, place: at})
    hour = (NOW - timedelta(hours=1)).timestamp()
    key = expected.key.replace("m|", "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324|")
    assert receipt == replace(expected, key=key, at=hour + expected.at, uid="u-1", provider_id="0102018b")


async def test_one_event_for_each_bounced_recipient_and_those_of_copies_say_so(webhook):
    bounced = [{"emailAddress": address} for address in ("ann@example.com", "bob@example.com", "forwarded@example.net")]
    event = {"eventType": "Bounce", "mail": MAIL, "bounce": {"bounceType": "Permanent", "bouncedRecipients": bounced}}
    whose = [(receipt.key.partition("|")[2], receipt.recipient) for receipt in read(webhook, event)]
    assert whose == [
        ("ann@example.com", None),
        ("bob@example.com", "bob@example.com"),
        ("forwarded@example.net", None),
    ]


async def test_without_tags_and_time_there_is_still_the_id_of_the_mail(webhook):
    (receipt,) = read(webhook, {"notificationType": "Reject", "mail": {"messageId": "0102018b"}})
    assert (receipt.uid, receipt.provider_id) == (None, "0102018b")
    assert receipt.at == (NOW - timedelta(seconds=1.877)).timestamp()


@pytest.mark.parametrize(
    "event",
    [
        {"eventType": "Subscription", "subscription": {"newTopicPreferences": {"unsubscribeAll": False}}},
        {"notificationType": "Received", "mail": MAIL},
        {"notificationType": "AmazonSnsSubscriptionSucceeded"},
        {"eventType": "Bounce", "bounce": {"bounceType": "Permanent", "bouncedRecipients": 7}},
        {"eventType": "Bounce", "mail": 7, "bounce": []},
        {"eventType": ["Send"]},
        {},
        7,
    ],
)
async def test_what_we_have_no_use_for_is_left_out(webhook, event):
    assert read(webhook, event) == []


async def test_the_words_with_which_ses_tries_out_a_topic_are_no_event(webhook):
    words = "Successfully validated SNS topic for Amazon SES event publishing."
    assert webhook.read(sns_post(signed(Message=words))) == []


@pytest.mark.parametrize("body", [b"", b"[1]", b'"x"', b"<html>", b"{}", b'{"Message":{"eventType":"Send"}}'])
async def test_what_is_no_message_is_unreadable(webhook, body):
    with pytest.raises(UnreadablePost):
        webhook.read(post(body))
