"""Emails are completed for each recipient, with attachments bounded in memory."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from activities.dispatching import email_assembler as mails
from activities.dispatching.email_assembler import AttachmentExpired, EmailAssembler, MemoryBudget
from domain.channels import Channel
from domain.keyring import Keyring
from domain.mail.extras import FileRef, MailExtras
from domain.mail.links import LinkKind, LinkSigner
from domain.messages.outbound import Outbound
from domain.messages.page_content import Content, PageContent, PageMessage
from store.accounts import accounts
from store.messages import attachments
from store.pool import Pool

MIB = 1024 * 1024


def message(**fields: object) -> Outbound:
    uid = uuid4()
    return Outbound(uid=uid, channel=Channel.EMAIL, to="ada@example.com", reference=str(uid), **fields)


async def stored(pool: Pool, *contents: bytes) -> tuple[FileRef, ...]:
    account = (await accounts.create(pool, f"{uuid4().hex}@example.com", "Test", None, uuid4())).id
    files = {attachments.file_id(account, content): content for content in contents}
    await attachments.keep(pool, account, files, datetime.now(UTC))
    return tuple(FileRef(name, len(content), "a.txt", "text/plain") for name, content in files.items())


def test_a_page_keeps_what_its_emails_carry():
    extras = MailExtras(
        "a@b.com",
        ("c@d.com",),
        (("X-A", "1"),),
        (FileRef("ab", 3, "a", "b/c", "id"),),
        "https://e.com",
        True,
        True,
        True,
    )
    page = PageContent([Content("Hi", mail=extras), Content("Hi")], [PageMessage("x@y.com", 1, 0)])
    assert PageContent.decode(page.encode()) == page


async def test_files_are_loaded_and_links_made_for_one_recipient(pool: Pool):
    signer = LinkSigner(Keyring.generate())
    extras = MailExtras(files=await stored(pool, b"one", b"two"), base_url="https://e.com", unsubscribe=True)
    plain = message(html="<p>{{ unsubscribe_url }}", body="{{ unsubscribe_url }}")
    url = f"https://e.com/u/{signer.token(LinkKind.UNSUBSCRIBE, plain.uid)}"
    mail = await EmailAssembler(pool, signer).complete(plain, extras)
    assert [file.content for file in mail.attachments] == [b"one", b"two"]
    assert (mail.html, mail.body, mail.unsubscribe_url) == (f"<p>{url}", url, url)


async def test_what_is_not_kept_any_more_is_said(pool: Pool):
    extras = MailExtras(files=(FileRef("00" * 32, 1, "a", "b/c"),))
    with pytest.raises(AttachmentExpired):
        await EmailAssembler(pool, LinkSigner(Keyring.generate())).complete(message(), extras)


async def test_files_at_hand_are_not_read_again_until_others_need_their_place(pool: Pool, monkeypatch):
    monkeypatch.setattr(mails, "CACHED_BYTES", 10)
    read: list[str] = []

    async def load(pool: Pool, file: str) -> bytes | None:
        read.append(file)
        return await original(pool, file)

    original = attachments.load
    monkeypatch.setattr(attachments, "load", load)
    first, second, third = await stored(pool, b"12345", b"67890", b"abcde")
    completer = EmailAssembler(pool, LinkSigner(Keyring.generate()))
    for file in (first, second, first, third, first, second):
        mail = await completer.complete(message(), MailExtras(files=(file,)))
        assert len(mail.attachments[0].content) == 5
    assert read == [first.id, second.id, third.id, second.id]


async def test_no_more_is_in_memory_than_there_is_room_for():
    room = MemoryBudget(size=4)
    inside = most = 0

    async def hold(size: int) -> None:
        nonlocal inside, most
        taken = await room.take(size, lambda: False)
        inside += min(size, 4 * MIB)
        most = max(most, inside)
        await asyncio.sleep(0)
        inside -= min(size, 4 * MIB)
        room.leave(taken)

    async with asyncio.timeout(10):
        await asyncio.gather(*(hold(size * MIB) for size in (1, 3, 2, 100, 4, 1, 1, 3) * 10))
    assert most == 4 * MIB


async def test_who_stops_waiting_for_room_takes_none():
    room = MemoryBudget(size=4)
    first = await room.take(3 * MIB, lambda: False)
    waiting = asyncio.create_task(room.take(2 * MIB, lambda: False))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert await room.take(2 * MIB, lambda: True) is None
    room.leave(first)
    async with asyncio.timeout(10):
        assert await room.take(4 * MIB, lambda: False) == 4
