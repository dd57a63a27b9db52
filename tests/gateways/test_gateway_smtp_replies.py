"""Replies about the account or its quota are no message's fault; those about a recipient are no gateway's."""

import pytest
from fake_smtp import scripted_server

from domain.channels import Channel
from domain.messages.outcomes import Accepted, GatewayDown, Refused
from gateways.email.smtp_replies import refusal

OF_THE_ACCOUNT = [
    (550, "5.4.5 Daily user sending quota exceeded. For more information on Gmail sending limits go to"),
    (550, "5.4.5 Daily SMTP relay sending quota exceeded"),
    (554, "5.7.1 <ann@example.com>: Relay access denied"),
    (550, "5.7.1 Relaying denied"),
    (550, "5.7.54 SMTP; Unable to relay recipient in non-accepted domain"),
    (550, "relay not permitted"),
    (553, "sorry, that domain isn't in my list of allowed rcpthosts; we do not relay"),
    (530, "5.7.0 Must issue a STARTTLS command first"),
    (530, "5.7.57 Client not authenticated to send mail"),
    (535, "5.7.8 Authentication credentials invalid"),
    (550, "5.7.1 Authentication required"),
    (553, "5.7.1 <shop@example.org>: Sender address rejected: not owned by user shop"),
    (554, "5.7.1 Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org"),
    (550, "Your account has been suspended"),
    (552, "5.2.0 Message sending limit exceeded"),
    (550, "Daily message limit reached"),
    (550, "Hourly sending limit exceeded"),
    (550, "out of credits"),
    (
        554,
        "5.7.0 Your message could not be sent. The limit on the number of allowed outgoing messages; sending limit hit",
    ),
]
OF_THE_MAIL = [
    (550, "5.1.1 no such user here"),
    (550, "5.2.1 The email account that you tried to reach is disabled"),
    (552, "5.2.2 The recipient's mailbox is full: quota limit of messages reached"),
    (552, "5.2.2 user over quota"),
    (550, "mailbox unavailable"),
    (550, "5.7.1 message rejected as spam"),
    (554, "5.6.0 bad content"),
    (552, "5.3.4 message size exceeds fixed limit"),
    (550, "5.1.1 <limit@example.com>: daily limit is a nice name"),
    (550, "the user's account is over quota"),
    (554, "delivery error: this user doesn't have a yahoo.com account"),
]


@pytest.mark.parametrize(("code", "words"), OF_THE_ACCOUNT)
def test_of_the_account(code, words):
    assert isinstance(refusal(code, words), GatewayDown)


@pytest.mark.parametrize(("code", "words"), OF_THE_MAIL)
def test_of_the_mail(code, words):
    assert isinstance(refusal(code, words), Refused)


@pytest.mark.parametrize("at", ["RCPT", "DATA", "."])
async def test_a_quota_that_is_used_up_is_the_gateways_fault_wherever_it_is_said(make, gateway_to, at):
    async def script(line):
        line.say("550 5.4.5 Daily user sending quota exceeded") if line.word == at else line.proper()

    async with scripted_server(script) as server:
        outcome = await gateway_to(server.port).send(make(channel=Channel.EMAIL, to="ann@example.com", subject="Hi"))
    assert isinstance(outcome, GatewayDown)


@pytest.mark.parametrize("refusal_of_ehlo", ["502 not implemented", "500 what", "550 no"])
async def test_a_server_that_knows_only_helo_is_used(make, gateway_to, refusal_of_ehlo):
    async def script(line):
        line.say(refusal_of_ehlo) if line.word == "EHLO" else line.proper()

    async with scripted_server(script) as server:
        outcome = await gateway_to(server.port).send(make(channel=Channel.EMAIL, to="ann@example.com", subject="Hi"))
    assert isinstance(outcome, Accepted)
    assert server.words[:2] == ["EHLO", "HELO"]


async def test_a_recipient_that_cannot_be_verified_is_not_refused(make, gateway_to):
    async def script(line):
        line.say("252 cannot VRFY, but will take it") if line.word == "RCPT" else line.proper()

    message = make(channel=Channel.EMAIL, to="ann@example.com", subject="Hi", cc=("bob@example.com",))
    async with scripted_server(script) as server:
        assert isinstance(await gateway_to(server.port).send(message), Accepted)
    assert server.words.count("RCPT") == 2
