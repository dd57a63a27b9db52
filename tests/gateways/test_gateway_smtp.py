"""SMTP: the dialogue, its refusals, and what a lost connection means at each point."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from certificates import server_context
from fake_smtp import check_password, mail_server, scripted_server

from domain.channels import Channel
from domain.messages.outbound import Attachment
from domain.messages.outcomes import Accepted, GatewayDown, Refused, RetryLater, Unknown
from gateways.config.problems import InvalidGatewayConfig
from gateways.email import smtp_pool
from gateways.registry import build, parse_config


@pytest.fixture
def mail(make):
    def mail(to="ann@example.com", **fields):
        return make(**({"channel": Channel.EMAIL, "to": to, "subject": "Hi"} | fields))

    return mail


@asynccontextmanager
async def _gateway(outside, port, **config):
    raw = {
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "from_address": "shop@example.org",
        "allow_private_network": True,
        "timeout": 5,
        **config,
    }
    gateway = build("smtp", parse_config("smtp", Channel.EMAIL, raw), outside)
    try:
        yield gateway
    finally:
        await gateway.aclose()


async def test_mail_arrives_whole(outside, mail):
    message = mail(
        to="ann@exämple.com",
        subject="Grüße \U0001f600",
        html="<style>p{}</style><p>Hallo <b>Ann</b>,</p><p>.<br><a href='https://e.com/x'>hier</a></p>",
        body="",
        sender="Läden, GmbH",
    )
    async with mail_server() as room, _gateway(outside, room.port) as gateway:
        assert await gateway.send(message) == Accepted("Q1")
    envelope, got = room.envelopes[0], room.mails[0]
    assert (envelope.mail_from, envelope.rcpt_tos) == ("shop@example.org", ["ann@xn--exmple-cua.com"])
    assert got["Subject"] == message.subject
    assert got["From"].addresses[0].display_name == "Läden, GmbH"
    assert got["From"].addresses[0].addr_spec == "shop@example.org"
    assert got["To"] == "ann@xn--exmple-cua.com"
    assert got["Message-ID"] == f"<{message.uid}@example.org>"
    assert got["Date"].datetime is not None
    assert got.get_body(("html",)).get_content().strip() == message.html
    assert got.get_body(("plain",)).get_content().splitlines() == ["Hallo Ann,", "", ".", "hier (https://e.com/x)"]
    assert envelope.content.isascii()


async def test_copies_answers_headers_and_files(outside, mail):
    message = mail(
        html="<img src='cid:logo'>",
        cc=("bob@example.com", "550@example.com"),
        reply_to="help@example.org",
        headers=(("X-Order", "7"),),
        unsubscribe_url="https://example.org/u/1",
        attachments=(
            Attachment("logo.png", "image/png", b"\x89PNG", content_id="logo"),
            Attachment("Rechnung März.pdf", "application/pdf", b"%PDF\x00\r\n.\r\n"),
        ),
    )
    async with mail_server() as room, _gateway(outside, room.port) as gateway:
        assert isinstance(await gateway.send(message), Accepted)
    envelope, got = room.envelopes[0], room.mails[0]
    assert envelope.rcpt_tos == ["ann@example.com", "bob@example.com"]  # the refused copy keeps nobody's mail back
    assert (got["Cc"], got["Reply-To"]) == ("bob@example.com, 550@example.com", "help@example.org")
    assert (got["X-Order"], got["List-Unsubscribe"]) == ("7", "<https://example.org/u/1>")
    assert got["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    kinds = [part.get_content_type() for part in got.walk()]
    assert kinds == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
    ]
    logo = next(part for part in got.walk() if part.get_content_type() == "image/png")
    assert (logo["Content-ID"], logo.get_content_disposition()) == ("<logo>", "inline")
    (paper,) = got.iter_attachments()
    assert (paper.get_filename(), paper.get_content()) == ("Rechnung März.pdf", message.attachments[1].content)


async def test_lines_with_dots_and_odd_line_ends_arrive(outside, mail):
    body = ".\n..\n.hidden\nend\n"
    async with mail_server() as room, _gateway(outside, room.port) as gateway:
        await gateway.send(mail(body=body))
        await gateway.send(mail(body="a\r.\rb\n.\r\nMAIL FROM:<evil@example.com>\r\n"))
    assert room.mails[0].get_content().replace("\r\n", "\n") == body
    assert len(room.envelopes) == 2


async def test_connection_is_reused(outside, mail):
    async with mail_server() as room, _gateway(outside, room.port) as gateway:
        for _ in range(3):
            assert isinstance(await gateway.send(mail()), Accepted)
    assert (room.sessions, len(room.envelopes)) == (1, 3)


async def test_many_mails_share_few_connections(outside, mail):
    async with mail_server() as room, _gateway(outside, room.port, connections=3) as gateway:
        outcomes = await asyncio.gather(*(gateway.send(mail(f"r{n}@example.com")) for n in range(20)))
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert (room.sessions, len(room.envelopes)) == (3, 20)


async def test_idle_connection_is_closed(outside, mail, monkeypatch):
    monkeypatch.setattr(smtp_pool.SmtpPool.__init__, "__defaults__", (0.01,))
    said_goodbye = asyncio.Event()

    async def script(line):
        line.proper()
        if line.word == "QUIT":
            said_goodbye.set()

    async with scripted_server(script) as server, _gateway(outside, server.port) as gateway:
        assert isinstance(await gateway.send(mail()), Accepted)
        async with asyncio.timeout(5):
            await said_goodbye.wait()


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("550@example.com", Refused("smtp_550", "550 5.1.1 no such luck")),
        ("552@example.com", Refused("smtp_552", "552 5.1.1 no such luck")),
        ("451@example.com", RetryLater(None, "451 4.1.1 no such luck")),
        ("421@example.com", RetryLater(None, "421 4.1.1 no such luck")),
        ("data-550@example.com", Refused("smtp_550", "550 5.6.0 not this one")),
        ("data-451@example.com", RetryLater(None, "451 4.6.0 not this one")),
    ],
)
async def test_refusals_per_recipient_leave_the_gateway_working(outside, mail, to, expected):
    async with mail_server() as room, _gateway(outside, room.port) as gateway:
        assert await gateway.send(mail(to)) == expected
        assert isinstance(await gateway.send(mail()), Accepted)
        assert await gateway.send(mail(to)) == expected
    assert len(room.envelopes) == 1


async def test_starttls_and_login(outside, mail, certificate):
    options = {"require_starttls": True, "auth_required": True, "authenticator": check_password}
    login = {"security": "starttls", "username": "user", "password": "secret", "validate_certs": False}
    async with mail_server(server_context(certificate), **options) as room:
        async with _gateway(outside, room.port, **login) as gateway:
            assert isinstance(await gateway.send(mail()), Accepted)
        async with _gateway(outside, room.port, **login | {"password": "wrong"}) as gateway:
            assert isinstance(got := await gateway.send(mail()), GatewayDown)
            assert "535" in got.reason
        async with _gateway(outside, room.port, **login | {"validate_certs": True}) as gateway:
            assert isinstance(got := await gateway.send(mail()), GatewayDown)
            assert "certificate" in got.reason.lower()
    assert len(room.envelopes) == 1


async def test_server_without_starttls_is_down(outside, mail):
    async with mail_server() as room, _gateway(outside, room.port, security="starttls") as gateway:
        got = await gateway.send(mail())
    assert isinstance(got, GatewayDown)
    assert "STARTTLS" in got.reason


async def test_tls_from_the_start(outside, mail, certificate):
    async def script(line):
        line.proper()

    async with scripted_server(script, tls=server_context(certificate)) as server:
        async with _gateway(outside, server.port, security="tls", validate_certs=False) as gateway:
            assert isinstance(await gateway.send(mail()), Accepted)
        async with _gateway(outside, server.port, security="tls") as gateway:
            assert isinstance(await gateway.send(mail()), GatewayDown)


async def test_nobody_listens(outside, mail):
    async with mail_server() as room:
        port = room.port
    async with _gateway(outside, port) as gateway:
        assert isinstance(await gateway.send(mail()), GatewayDown)


@pytest.mark.parametrize("greeting", ["421 busy", "554 go away", "HTTP/1.1 400 Bad Request", "\x00\xff"])
async def test_wrong_greeting_is_down(outside, mail, greeting):
    async def script(line):
        line.hang_up()

    async with scripted_server(script, greeting) as server, _gateway(outside, server.port) as gateway:
        assert isinstance(await gateway.send(mail()), GatewayDown)


@pytest.mark.parametrize("at", ["EHLO", "MAIL", "RCPT", "DATA"])
async def test_lost_before_the_mail_was_given_is_down(outside, mail, at):
    async def script(line):
        line.hang_up() if line.word == at else line.proper()

    async with scripted_server(script) as server, _gateway(outside, server.port) as gateway:
        assert isinstance(await gateway.send(mail()), GatewayDown)
    assert server.connections == 1


@pytest.mark.parametrize("body", ["short", "long line\n" * 100_000], ids=["short", "long"])
@pytest.mark.parametrize("reply", ["silence", "hang up"])
async def test_lost_after_the_mail_is_unknown(outside, mail, reply, body):
    async def script(line):
        if line.word != ".":
            line.proper()
        elif reply == "hang up":
            line.hang_up()

    seconds = 0.5 if reply == "silence" else 5
    async with scripted_server(script) as server, _gateway(outside, server.port, timeout=seconds) as gateway:
        got = await gateway.send(mail(body=body))
    assert isinstance(got, Unknown)
    assert got.silent == (reply == "silence")
    assert server.words.count("DATA") == 1


async def test_lost_while_the_mail_is_written_is_unknown(outside, mail):
    async def script(line):
        line.hang_up() if line.word == "<" else line.proper()

    async with scripted_server(script) as server, _gateway(outside, server.port) as gateway:
        assert isinstance(await gateway.send(mail()), Unknown)
    assert server.connections == 1


@pytest.mark.parametrize("how", ["421", "hang up"])
async def test_kept_connection_that_died_is_replaced(outside, mail, how):
    async def script(line):
        if line.connection == 1 and line.word == "MAIL" and server.words.count("MAIL") == 2:
            line.say("421 4.4.2 idle too long") if how == "421" else line.hang_up()
        else:
            line.proper()

    async with scripted_server(script) as server, _gateway(outside, server.port) as gateway:
        for _ in range(3):
            assert isinstance(await gateway.send(mail()), Accepted)
    assert server.connections == 2
    assert server.words.count("DATA") == 3


@pytest.mark.parametrize(("reply", "expected"), [("550 not yours", GatewayDown), ("552 too big", Refused)])
async def test_sender_refused_is_the_gateways_fault(outside, mail, reply, expected):
    async def script(line):
        line.say(reply) if line.word == "MAIL" else line.proper()

    async with scripted_server(script) as server, _gateway(outside, server.port) as gateway:
        assert isinstance(await gateway.send(mail()), expected)


async def test_cancelled_send_leaves_no_half_used_connection(outside, mail):
    reached = asyncio.Event()

    async def script(line):
        if line.word == "." and line.connection == 1:
            reached.set()
        else:
            line.proper()

    async with scripted_server(script) as server, _gateway(outside, server.port) as gateway:
        task = asyncio.create_task(gateway.send(mail()))
        await reached.wait()
        task.cancel()
        assert isinstance((await asyncio.gather(task, return_exceptions=True))[0], asyncio.CancelledError)
        assert isinstance(await gateway.send(mail()), Accepted)
    assert server.connections == 2


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"subject": "x\r\nBcc: a@b.c"}, "invalid_subject"),
        ({"subject": "x\0y"}, "invalid_subject"),
        ({"sender": "Shop\nBcc: a@b.c"}, "invalid_sender"),
        ({"body": "a\0b"}, "invalid_body"),
        ({"html": "<p>\0"}, "invalid_body"),
        ({"body": "\ud800"}, "invalid_content"),
        ({"subject": "\ud800"}, "invalid_content"),
        ({"to": "a@b.com, c@d.com"}, "invalid_recipient"),
        ({"to": "Ann <ann@example.com>"}, "invalid_recipient"),
        ({"to": "ann@example.com\r\nRCPT TO:<x@y.z>"}, "invalid_recipient"),
        ({"to": "ann@-bad-.com"}, "invalid_recipient"),
        ({"to": "@example.com"}, "invalid_recipient"),
        ({"to": "x" * 65 + "@example.com"}, "invalid_recipient"),
        ({"to": ""}, "invalid_recipient"),
    ],
)
async def test_unfit_message_is_refused_without_connecting(outside, mail, fields, code):
    async with mail_server() as room, _gateway(outside, room.port) as gateway:
        got = await gateway.send(mail(**fields))
    assert (type(got), getattr(got, "code", None)) == (Refused, code)
    assert room.sessions == 0


@pytest.mark.parametrize("supported", [True, False])
async def test_address_beyond_ascii_needs_smtputf8(outside, mail, supported):
    async with mail_server(enable_SMTPUTF8=supported) as room, _gateway(outside, room.port) as gateway:
        got = await gateway.send(mail("jürgen@example.com"))
    if supported:
        assert isinstance(got, Accepted)
        assert room.envelopes[0].rcpt_tos == ["jürgen@example.com"]
    else:
        assert got.code == "smtputf8_unsupported"


@pytest.mark.parametrize(
    "change",
    [
        {"from_address": "a@b, c@d"},
        {"from_name": "a\r\nb"},
        {"host": "a b"},
        {"host": "a\r\n"},
        {"username": "u"},
        {"username": "u", "password": "p", "security": "none"},
        {"port": 0},
        {"connections": 0},
    ],
)
def test_wrong_configuration(change):
    with pytest.raises(InvalidGatewayConfig):
        parse_config("smtp", Channel.EMAIL, {"host": "h", "from_address": "a@example.org"} | change)
