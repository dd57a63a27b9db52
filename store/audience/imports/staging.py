"""Rows of a file as contacts: some thousand at a time, by one statement for all that are of different people."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal, LiteralString
from uuid import UUID

from store.connection import Connection

# As text of statements; a test compares them with the limits of contacts.
_MOST_TAGS: LiteralString = "50"
_MOST_GROUPS: LiteralString = "50"

Known = Literal["update", "only_fill_empty", "skip"]
"""What becomes of contacts that are known: given values replace theirs, or fill what is empty, or nothing."""

_SECONDS = 60.0
"""How long a statement may take: a machine that is busy needs more than a second for a slice."""
_ROWS: LiteralString = """create temporary table import_rows (
    n int, round int, id uuid, email text, phone text, whatsapp text, external_id text, first_name text, last_name text,
    language text, country text, time_zone text, fields jsonb, tags text[], groups bigint[], origins jsonb
) on commit drop"""
_SETTINGS = {"statement_timeout": f"{_SECONDS}s", "jit": "off", "enable_hashjoin": "on", "enable_nestloop": "off"}
"""Contacts are found by their indexes, in subqueries; rows of a slice are joined with each other, by hash: the planner
takes them for a few, and would compare each with each."""

_BY_EXTERNAL_ID: LiteralString = """select c.id from contacts c
    where r.external_id is not null and c.account_id = %(account)s and c.external_id = r.external_id"""
_BY_PHONE: LiteralString = """select c.id from contacts c
    where r.phone is not null and c.account_id = %(account)s and c.phone is not null
        and recipient_key('sms', c.phone) = recipient_key('sms', r.phone)"""
_BY_WHATSAPP: LiteralString = """select c.id from contacts c
    where r.whatsapp is not null and c.account_id = %(account)s and c.whatsapp is not null
        and recipient_key('whatsapp', c.whatsapp) = recipient_key('whatsapp', r.whatsapp)"""
_BY_EMAIL: LiteralString = """select c.id from contacts c
    where r.email is not null and c.account_id = %(account)s and c.email is not null
        and recipient_key('email', c.email) = recipient_key('email', r.email)"""
_FIND: LiteralString = (
    f"({_BY_EXTERNAL_ID}) as by_external_id, ({_BY_PHONE}) as by_phone, "
    f"({_BY_WHATSAPP}) as by_whatsapp, ({_BY_EMAIL}) as by_email"
)

_SEEN: LiteralString = "select s.contact_id from import_seen s where s.operation_id = %(operation)s and s.key = "
_FIND_IN_DRY_RUN: LiteralString = f"""
    coalesce(({_SEEN} 'x' || r.external_id), ({_BY_EXTERNAL_ID})) as by_external_id,
    coalesce(({_SEEN} 'p' || recipient_key('sms', r.phone)), ({_BY_PHONE})) as by_phone,
    coalesce(({_SEEN} 'w' || recipient_key('whatsapp', r.whatsapp)), ({_BY_WHATSAPP})) as by_whatsapp,
    coalesce(({_SEEN} 'e' || recipient_key('email', r.email)), ({_BY_EMAIL})) as by_email"""

# ``mine``: rows that are about one contact, or a new one; the first of those that are about the same.
# A row that is about several is ambiguous; one that is not the first is done afterwards.
_MATCH: LiteralString = """
found as materialized (
    select r.*, {find} from import_rows r
    where r.round = %(round)s and (%(only)s::int[] is null or r.n = any(%(only)s))
), told as (
    select f.*, coalesce(f.by_external_id, f.by_phone, f.by_whatsapp, f.by_email) as contact_id from found f
), judged as materialized (
    select t.*,
        case when t.by_phone <> t.contact_id then 'phone' when t.by_whatsapp <> t.contact_id then 'whatsapp'
             when t.by_email <> t.contact_id then 'email'
             when t.by_external_id is null and t.external_id is not null and (
                 select c.external_id from contacts c where c.id = t.contact_id) is not null then 'external_id'
             end as other,
        row_number() over (partition by coalesce(t.contact_id, t.id) order by t.n) as turn
    from told t
), mine as materialized (
    select * from judged where other is null and turn = 1
), before as materialized (
    select c.* from contacts c where c.id = any(array(select contact_id from mine where contact_id is not null))
    order by c.id {lock}
)"""
_LOCK: LiteralString = "for update"

# Values after the import: what the row gives, or what is there, comes first.
_AFTER: LiteralString = """,
after as materialized (
    select c.id, m.origins as noted,
        coalesce({first}.email, {then}.email) as email, coalesce({first}.phone, {then}.phone) as phone,
        coalesce({first}.whatsapp, {then}.whatsapp) as whatsapp,
        coalesce({first}.external_id, {then}.external_id) as external_id,
        coalesce({first}.first_name, {then}.first_name) as first_name,
        coalesce({first}.last_name, {then}.last_name) as last_name,
        coalesce({first}.language, {then}.language) as language,
        coalesce({first}.country, {then}.country) as country,
        coalesce({first}.time_zone, {then}.time_zone) as time_zone,
        {then}.fields || {first}.fields as fields,
        case when m.tags <@ c.tags then c.tags
             else array(select u.tag from (select distinct unnest(c.tags || m.tags)) as u (tag)
                        order by u.tag collate "C") end as tags,
        case when m.groups <@ c.groups then c.groups
             else array(select distinct g from unnest(c.groups || m.groups) as g order by g) end as groups
    from mine m join before c on c.id = m.contact_id
), full_up as (
    select id, case when cardinality(tags) > {most_tags} then 'tags' else 'groups' end as list from after
    where cardinality(tags) > {most_tags} or cardinality(groups) > {most_groups}
), changed as materialized (
    select a.*, c.origins || coalesce((
        select jsonb_object_agg(o.key, o.value) from jsonb_each(a.noted) as o
        where case when o.key like 'fields.%%'
                   then a.fields -> substr(o.key, 8) is distinct from c.fields -> substr(o.key, 8)
                   else to_jsonb(a) -> o.key is distinct from to_jsonb(c) -> o.key end), '{{}}') as origins
    from after a join before c on c.id = a.id
    where a.id not in (select id from full_up)
       and (a.email, a.phone, a.whatsapp, a.external_id, a.first_name, a.last_name, a.language, a.country, a.time_zone,
           a.fields, a.tags, a.groups)
        is distinct from (c.email, c.phone, c.whatsapp, c.external_id, c.first_name, c.last_name, c.language, c.country,
           c.time_zone, c.fields, c.tags, c.groups)
)"""
_NONE_CHANGED: LiteralString = """,
changed as (select id from before where false),
full_up as (select id, ''::text as list from before where false)"""

_WRITE: LiteralString = """,
inserted as (
    insert into contacts (id, account_id, email, phone, whatsapp, external_id, first_name, last_name, language, country,
        time_zone, fields, tags, groups, origins)
    select id, %(account)s, email, phone, whatsapp, external_id, first_name, last_name, language, country, time_zone,
        fields, tags, groups, origins from mine where contact_id is null
)"""
_UPDATE: LiteralString = """,
updated as (
    update contacts c set email = a.email, phone = a.phone, whatsapp = a.whatsapp, external_id = a.external_id,
        first_name = a.first_name, last_name = a.last_name, language = a.language, country = a.country,
        time_zone = a.time_zone, fields = a.fields, tags = a.tags, groups = a.groups, origins = a.origins,
        updated_at = clock_timestamp()
    from changed a where c.id = a.id and c.id = any(array(select id from changed))
)"""

_NOTE: LiteralString = """,
noted as (
    insert into import_seen (operation_id, key, contact_id)
    select %(operation)s, 'c' || coalesce(contact_id, id), coalesce(contact_id, id) from mine
    on conflict do nothing returning key, contact_id
)"""
_NOTE_KEYS: LiteralString = """,
noted as (
    insert into import_seen (operation_id, key, contact_id)
    select %(operation)s, k.key, coalesce(m.contact_id, m.id)
    from mine m, lateral (values ('c' || coalesce(m.contact_id, m.id)), ('x' || m.external_id),
        ('p' || recipient_key('sms', m.phone)), ('w' || recipient_key('whatsapp', m.whatsapp)),
        ('e' || recipient_key('email', m.email))) as k (key)
    where k.key is not null
    on conflict do nothing returning key, contact_id
)"""

_COUNT: LiteralString = """
select count(*) filter (where m.contact_id is null),
    count(*) filter (where m.contact_id is not null and s.contact_id is not null and a.id is not null),
    count(*) filter (where m.contact_id is not null and s.contact_id is not null and a.id is null
                     and f.id is null),
    count(*) filter (where m.contact_id is not null and s.contact_id is null and f.id is null),
    (select coalesce(array_agg(n), '{}') from judged where other is null and turn > 1),
    (select coalesce(json_agg(json_build_array(n, other,
                case other when 'phone' then phone when 'whatsapp' then whatsapp when 'email' then email
                     else external_id end)), '[]')
     from judged where other is not null),
    (select coalesce(json_agg(json_build_array(m.n, f.list)), '[]') from mine m join full_up f on f.id = m.contact_id)
from mine m
    left join full_up f on f.id = m.contact_id
    left join noted s on s.contact_id = m.contact_id and left(s.key, 1) = 'c'
    left join changed a on a.id = m.contact_id"""


@dataclass(frozen=True, slots=True)
class Import:
    """Which import rows belong to, and what it does."""

    operation_id: UUID
    account_id: int
    known: Known
    is_dry_run: bool


@dataclass(slots=True)
class Taken:
    """What became of rows."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    duplicates: int = 0
    """Rows about a contact that a row before was about."""
    ambiguous: list[tuple[int, str, str]] = field(default_factory=list)
    """Rows that are about more than one contact: the number, and which value belongs to another one."""
    too_many: list[tuple[int, str]] = field(default_factory=list)
    """Rows with which a contact would have too many ``tags`` or ``groups``: the number, and which."""


@asynccontextmanager
async def staged(conn: Connection, content: bytes) -> AsyncIterator[None]:
    """Rows, as lines for COPY, that ``take`` works with until the transaction ends."""
    with conn.answering_within(_SECONDS + 1):
        await conn.execute(
            "select set_config(name, value, true) from unnest(%s::text[], %s::text[]) as s (name, value)",
            (list(_SETTINGS), list(_SETTINGS.values())),
        )
        await conn.execute(_ROWS)
        async with conn.cursor().copy("copy import_rows from stdin") as copy:
            await copy.write(content)
        yield


async def take(conn: Connection, of: Import, rounds: int) -> Taken:
    """Make contacts of the staged rows. Only one transaction does so for an account at a time (``lock``)."""
    statement, taken = _statement(of), Taken()
    for number in range(1, rounds + 1):
        only: Sequence[int] | None = None
        while only is None or only:
            cursor = await conn.execute(
                statement, {"account": of.account_id, "operation": of.operation_id, "round": number, "only": only}
            )
            row = await cursor.fetchone()
            assert row is not None
            new, changed, unchanged, duplicates, only, ambiguous, too_many = row
            taken.new += new
            taken.changed += changed
            taken.unchanged += unchanged
            taken.duplicates += duplicates
            taken.ambiguous += [(row, name, value) for row, name, value in ambiguous]
            taken.too_many += [(row, name) for row, name in too_many]
    return taken


async def lock(conn: Connection, account_id: int) -> bool:
    """Have other imports of the account wait until the transaction ends. Returns whether none is at it now."""
    cursor = await conn.execute(
        "select pg_try_advisory_xact_lock(hashtext('import_contacts'), %s::int)", (account_id % 2**31,)
    )
    row = await cursor.fetchone()
    assert row is not None
    return bool(row[0])


def _statement(of: Import) -> LiteralString:
    first, then = ("m", "c") if of.known == "update" else ("c", "m")
    after = (
        _NONE_CHANGED
        if of.known == "skip"
        else _AFTER.format(first=first, then=then, most_tags=_MOST_TAGS, most_groups=_MOST_GROUPS)
    )
    if of.is_dry_run:
        return f"with {_MATCH.format(find=_FIND_IN_DRY_RUN, lock='')}{after}{_NOTE_KEYS}{_COUNT}"
    written = _WRITE if of.known == "skip" else _WRITE + _UPDATE
    lock_rows = "" if of.known == "skip" else _LOCK
    return f"with {_MATCH.format(find=_FIND, lock=lock_rows)}{after}{written}{_NOTE}{_COUNT}"
