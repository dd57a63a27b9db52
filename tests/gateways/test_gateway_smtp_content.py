"""What a mail carries beside its texts, as a mail server gets it."""

import pytest
from fake_smtp import mail_server, scripted_server

from domain.channels import Channel
from domain.messages.outbound import Attachment
from domain.messages.outcomes import Accepted, RetryLater
from gateways.email.mail_message import write_letter

PDF = Attachment("Rechnung Größe.pdf", "application/pdf", bytes(range(256)) * 10)
LOGO = Attachment("logo.png", "image/png", b"\x89PNG", "logo@1")
TEXT = Attachment("from.txt", "text/plain", b"From me\n.\n")


@pytest.fixture
def mail(make):
    def mail(**fields):
        return make(**({"channel": Channel.EMAIL, "to": "ann@example.com", "subject": "Hi"} | fields))

    return mail


async def test_attachments_and_inline_pictures_arrive_whole(mail, gateway_to):
    message = mail(body="", html='<p>Hi</p><img src="cid:logo@1">', attachments=(PDF, LOGO, TEXT))
    async with mail_server() as room:
        assert await gateway_to(room.port).send(message) == Accepted("Q1")
    (got,) = room.mails
    files = list(got.iter_attachments())
    assert [file.get_filename() for file in files] == [PDF.filename, TEXT.filename]
    assert files[0].get_content() == PDF.content
    assert files[1].get_payload(decode=True) == TEXT.content
    related = got.get_body(("related",))
    (picture,) = related.iter_attachments()
    assert (picture["Content-ID"], picture.get_content_disposition()) == ("<logo@1>", "inline")
    assert picture.get_content() == LOGO.content
    assert got.get_body(("html",)).get_content().strip() == message.html
    assert got.get_body(("plain",)).get_content().strip() == "Hi"
    assert room.envelopes[0].content.isascii()


async def test_a_text_without_html_may_have_files_too(mail, gateway_to):
    async with mail_server() as room:
        await gateway_to(room.port).send(mail(body="Hi", attachments=(PDF, LOGO)))
    assert room.mails[0].get_body().get_content().strip() == "Hi"
    assert [file.get_filename() for file in room.mails[0].iter_attachments()] == [PDF.filename, LOGO.filename]


async def test_reply_to_cc_and_headers_stand_in_the_mail_and_cc_in_the_envelope(mail, gateway_to):
    message = mail(
        reply_to="help@example.org",
        cc=("bob@example.com", "eve@exämple.com"),
        headers=(("X-Campaign", "spring"), ("X-Name", "Grüße"), ("References", f"<{'r' * 120}@example.org>")),
        unsubscribe_url=f"https://send.example.com/{'t' * 120}",
    )
    async with mail_server() as room:
        await gateway_to(room.port).send(message)
    (got,), (envelope,) = room.mails, room.envelopes
    assert envelope.rcpt_tos == ["ann@example.com", "bob@example.com", "eve@xn--exmple-cua.com"]
    assert got["Cc"] == "bob@example.com, eve@xn--exmple-cua.com"
    assert got["Reply-To"] == "help@example.org"
    assert (got["X-Campaign"], got["X-Name"]) == ("spring", "Grüße")
    assert "Bcc" not in got
    # As they are, however long: who acts on these does not decode them.
    assert f"\r\nReferences: {message.headers[2][1]}\r\n".encode() in b"\r\n" + envelope.content
    assert f"\r\nList-Unsubscribe: <{message.unsubscribe_url}>\r\n".encode() in b"\r\n" + envelope.content
    assert got["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def test_a_cc_that_is_refused_does_not_keep_the_mail_from_its_recipient(mail, gateway_to):
    async with mail_server() as room:
        message = mail(cc=("550@example.com", "451@example.com", "bob@example.com"))
        assert await gateway_to(room.port).send(message) == Accepted("Q1")
    assert room.envelopes[0].rcpt_tos == ["ann@example.com", "bob@example.com"]


async def test_a_server_that_closes_at_a_cc_has_not_got_the_mail(mail, gateway_to):
    async def script(line):
        if line.text.startswith("RCPT TO:<bob"):
            line.say("421 4.3.2 closing")
            line.hang_up()
        else:
            line.proper()

    async with scripted_server(script) as server:
        outcome = await gateway_to(server.port).send(mail(cc=("bob@example.com",)))
    assert isinstance(outcome, RetryLater)
    assert "DATA" not in server.words


def test_a_header_cannot_break_out_of_its_line(mail):
    for value in ("x\r\nBcc: eve@example.com", "x\nBcc: eve@example.com", "x\0"):
        with pytest.raises(ValueError, match="control character"):
            write_letter(mail(headers=(("X-A", value),)), "shop@example.org", None)
