"""Which messages were made from which version, for how long that is kept, and what a purge and an export have of it."""

from uuid import UUID

from domain.ids import message_uid, new_page_id
from store.audience.templates import sent, templates
from store.operations import exports, purging
from store.pool import InTransaction, Pool
from tests.store.builders import new_account

TEXTS = {"sms": {"en": {"message": "Hi"}}}


async def version_of(pool: Pool, account_id: int) -> int:
    saved = await templates.save(pool, account_id, "welcome", "Welcome", TEXTS)
    async with pool.connection() as conn, conn.transaction():
        return (await templates.add_version(InTransaction(conn), saved, TEXTS, TEXTS, "", None)).id


async def note(pool: Pool, page_id: UUID, version: int, indexes: list[int] | None) -> None:
    async with pool.connection() as conn:
        for _ in range(2):  # a repeat changes nothing
            await conn.execute(*sent.noting(page_id, version, indexes))


async def test_of_a_shared_page_only_the_noted_messages_are_of_the_template(pool: Pool):
    account = await new_account(pool)
    version, page_id = await version_of(pool, account), new_page_id()
    await note(pool, page_id, version, [0, 2])
    found = [await sent.of_message(pool, message_uid(page_id, index)) for index in range(4)]
    assert found == [{"key": "welcome", "version": 1}, None] * 2


async def test_what_was_sent_of_a_template_goes_with_the_messages(pool: Pool):
    account = await new_account(pool)
    version = await version_of(pool, account)
    old, new = UUID("01890000-0000-7000-8000-000000000000"), new_page_id()
    for page_id in (old, new):
        await note(pool, page_id, version, None)
    assert await sent.delete_older_than(pool, 1) == 1
    assert await sent.of_message(pool, message_uid(old, 0)) is None
    assert await sent.of_message(pool, message_uid(new, 0))


async def test_an_export_has_templates_and_versions_and_a_purge_leaves_none(pool: Pool):
    account = await new_account(pool)
    version = await version_of(pool, account)
    await note(pool, new_page_id(), version, None)
    named = {source.name: source for source in exports.SOURCES}
    for name in ("templates", "template_versions"):
        ((_, row),) = await exports.rows(pool, named[name], account, None)
        assert '"welcome"' in row
    for name in ("sent_templates", "template_versions", "templates"):
        assert await purging.do_step(pool, name, account) == 1
        assert await purging.do_step(pool, name, account) == 0
