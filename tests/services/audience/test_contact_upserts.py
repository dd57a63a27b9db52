"""Contacts that are given: who is there already is changed, whoever writes at the same time."""

import asyncio
from uuid import uuid4

import pytest

from domain.errors import ConflictError, InvalidError
from services.audience.contacts.upserting import upsert, upsert_many
from store.accounts import accounts
from store.audience.contacts import lists, rows
from store.audience.contacts.lists import Filter
from store.pool import InTransaction, Pool, long_transaction


async def account(pool: Pool) -> int:
    return (await accounts.create(pool, f"{uuid4().hex}@example.com", "Test", None, uuid4())).id


async def write(pool: Pool, account_id: int, *given: dict):
    async with long_transaction(pool) as conn:  # on a busy machine one waits long for the others
        return await upsert_many(InTransaction(conn), account_id, given, "api")


async def all_of(pool: Pool, account_id: int):
    return list(await lists.page(pool, account_id, Filter(), None, 2000))


async def test_each_is_made_or_changed_by_its_external_id_or_an_address(pool):
    of = await account(pool)
    made = await write(pool, of, {"external_id": "1", "email": "a@example.com"}, {"phone": "+4917100001"})
    assert [each.outcome for each in made] == ["created", "created"]
    changed = await write(
        pool,
        of,
        {"external_id": "1", "first_name": "Ada"},
        {"phone": "+4917100001", "external_id": "2"},
        {"email": "a@example.com", "first_name": "Ada"},
    )
    assert [(each.outcome, each.contact_id) for each in changed] == [
        ("updated", made[0].contact_id),
        ("updated", made[1].contact_id),
        ("unchanged", made[0].contact_id),
    ]
    second, first = await all_of(pool, of)
    if first.external_id != "1":
        first, second = second, first
    assert (first.email, first.first_name, first.origins["first_name"]["from"]) == ("a@example.com", "Ada", "api")
    assert (second.external_id, second.phone) == ("2", "+4917100001")


async def test_spellings_of_one_number_are_one_contact(pool):
    of = await account(pool)
    made = await write(pool, of, {"phone": "+5511987654321"}, {"phone": "+551187654321", "first_name": "Bia"})
    assert made[0].contact_id == made[1].contact_id
    assert len(await all_of(pool, of)) == 1


async def test_what_one_gives_up_another_of_the_same_request_may_have(pool):
    of = await account(pool)
    await write(pool, of, {"external_id": "1", "email": "a@example.com"})
    moved = await write(
        pool, of, {"external_id": "1", "email": "b@example.com"}, {"external_id": "2", "email": "a@example.com"}
    )
    assert [each.outcome for each in moved] == ["updated", "created"]
    swapped = await write(
        pool,
        of,
        {"external_id": "1", "email": None},
        {"external_id": "2", "email": "b@example.com"},
        {"external_id": "1", "email": "a@example.com"},
    )
    assert {each.outcome for each in swapped} == {"updated"}
    assert {each.external_id: each.email for each in await all_of(pool, of)} == {
        "1": "a@example.com",
        "2": "b@example.com",
    }


async def test_what_is_of_two_contacts_is_refused_alone(pool):
    of = await account(pool)
    made = await write(pool, of, {"email": "a@example.com"}, {"phone": "+4917100001", "external_id": "2"})
    results = await write(
        pool,
        of,
        {"email": "a@example.com", "phone": "+4917100001"},
        {"phone": "+4917100001", "external_id": "3"},
        {"first_name": "Nobody"},
        {"email": "c@example.com"},
    )
    assert [each.outcome for each in results] == ["refused", "refused", "refused", "created"]
    assert [each.errors[0].code for each in results[:3]] == [
        "contact_taken",
        "contact_taken",
        "contact_without_address",
    ]
    assert str(made[1].contact_id) in results[1].errors[0].message


async def test_a_new_contact_takes_nobodys_address(pool):
    of = await account(pool)
    await write(pool, of, {"email": "a@example.com"})
    async with pool.connection() as conn, conn.transaction():
        store = InTransaction(conn)
        with pytest.raises(ConflictError, match="merge"):
            await upsert(store, of, {"email": "A@example.com"}, "api", must_be_new=True)
        with pytest.raises(InvalidError):
            await upsert(store, of, {"first_name": "Ada"}, "api")
    other = await account(pool)
    assert (await write(pool, other, {"email": "a@example.com"}))[0].outcome == "created"


async def test_who_is_written_by_two_sessions_at_once_is_one_contact(pool):
    of = await account(pool)
    people = [{"phone": f"+49171000{n:04}", "email": f"p{n}@example.com"} for n in range(100)]
    other_order = [{"email": one["email"], "external_id": one["email"]} for one in reversed(people)]
    results = await asyncio.gather(
        *(write(pool, of, *given) for given in (people, other_order, people, list(reversed(people))))
    )
    assert {each.outcome for result in results for each in result} <= {"created", "updated", "unchanged"}
    assert len(await all_of(pool, of)) == 100


async def test_a_thousand_are_written_at_once(pool):
    of = await account(pool)
    people = [{"phone": f"+49171000{n:04}", "tags": ["new"], "fields": {"n": n}} for n in range(1000)]
    assert {each.outcome for each in await write(pool, of, *people)} == {"created"}
    assert {each.outcome for each in await write(pool, of, *people)} == {"unchanged"}
    assert len(await all_of(pool, of)) == 1000


async def test_a_contact_is_read_as_it_was_written(pool):
    of = await account(pool)
    values = {
        "external_id": "crm-1",
        "email": "ada@example.com",
        "phone": "+491711234567",
        "whatsapp": "+491711234568",
        "first_name": 'Ada "\\',
        "last_name": "Lovelace",
        "language": "en-GB",
        "country": "GB",
        "time_zone": "Europe/London",
        "fields": {"age": 36, "vip": True, "note": "a\nb"},
        "tags": ["a,b", "{c}", '"d"'],
        "groups": [3, 7],
    }
    ((_, made, before),) = [await _one(pool, of, values)]
    assert before is None
    stored = await rows.get(pool, of, made.id)
    assert stored == made
    assert {name: getattr(stored, name) for name in values} == values
    assert set(stored.origins) == {*values} - {"tags", "groups", "fields"} | {"fields.age", "fields.vip", "fields.note"}
    assert await rows.get(pool, await account(pool), made.id) is None


async def _one(pool: Pool, of: int, values: dict):
    async with pool.connection() as conn, conn.transaction():
        return await upsert(InTransaction(conn), of, values, "api")
