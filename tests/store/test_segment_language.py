"""The two readers of conditions agree: the evaluator in Python, and SQL, on any contact and any condition."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from domain.audience.conditions.evaluating import Facts, evaluate
from domain.audience.conditions.parsing import OF_CONTACTS, parse_condition
from domain.audience.conditions.tree import Any_, Condition, Not
from domain.ids import new_batch_id
from store.audience.segments import matching
from store.audience.segments.facts import facts_of
from store.pool import Pool
from tests.store.builders import new_account, set_time_zone

NOW = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
"""In the hour that Berlin repeats."""

TIMES = [
    "2026-03-29",
    "2026-03-29T00:59:59Z",
    "2026-03-29T02:30:00+01:00",
    "2026-10-25",
    "2026-10-24",
    "2026-10-24T22:00:00Z",
    "2026-10-25T00:30:00+00:00",
    "2026-10-25T01:30:00.000001Z",
    "2026-10-25T23:30:00-05:00",
    "2199-12-31T23:59:59-14:00",
    "1900-01-01T00:00:00+14:00",
    "2011-12-30",
    "2011-12-29T12:00:00Z",
]
NO_TIMES = ["2026-02-30", "2026-03-29T24:00:00Z", "2026-03-29T02:30:00", "2026-3-29", "٢٠٢٦-03-29", "2026-03-29\n"]
TEXTS = [
    "",
    "a",
    "A",
    "ab",
    "é",
    "e\u0301",
    "İ",
    "i",
    "10",
    "10.0",
    "1e1",
    "true",
    "null",
    "%",
    "_",
    "'",
    '"',
    "\\",
    "😀",
]
NUMBERS = [0, -0.0, 1, 10, 10.0, 0.1, 0.30000000000000004, 1e22, 10**18, 2**53 + 1, float(2**53), 5e-324, 1.7e308, -3]
ZONES = [
    None,
    "Europe/Berlin",
    "America/Havana",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
    "No/Where",
    "utc",
]
NAMES = ["x", "y", "first_name", "country", "created_at"]

scalars = st.sampled_from([*TEXTS, *TIMES, *NO_TIMES, *NUMBERS, True, False])
values = st.one_of(scalars, st.none(), st.lists(scalars, max_size=3), st.just({"a": 1}))
words = st.one_of(
    st.sampled_from([*TEXTS, *TIMES]), st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=4)
)
moments = st.sampled_from(TIMES)
numbers = st.sampled_from(NUMBERS)
lengths = st.sampled_from(["1s", "30m", "1h", "24h", "1d", "30d", "210d", "1w", "36500d"])
paths = st.sampled_from([f"contact.{name}" for name in NAMES])
no_times = st.sampled_from([f"contact.{name}" for name in NAMES if name != "created_at"])
of_events = st.sampled_from(["it.n", "it.list", "it.a.b", "it.a.0", "contact.x"])

contacts = st.fixed_dictionaries(
    {
        "fields": st.dictionaries(st.sampled_from(["x", "y", "country"]), values, max_size=3),
        "first_name": st.one_of(st.none(), words),
        "country": st.sampled_from([None, "DE", "a", "10", "2026-10-25"]),
        "time_zone": st.sampled_from(ZONES),
        "created_at": st.sampled_from([NOW, NOW - timedelta(days=1), NOW - timedelta(days=30, microseconds=1)]),
        "tags": st.lists(st.sampled_from(["vip", "é", ""]), max_size=2, unique=True),
        "groups": st.lists(st.sampled_from(["shop", "news"]), max_size=2, unique=True),
        "suppressed": st.lists(st.sampled_from(["email", "sms", "whatsapp"]), max_size=2, unique=True),
        "addresses": st.lists(st.sampled_from(["email", "phone", "whatsapp"]), max_size=3, unique=True),
        "events": st.lists(
            st.tuples(
                st.sampled_from(["order.paid", "message.opened"]),
                st.sampled_from([0, 1, 3600, 86_400, 90_000, 3_000_000]),
                st.fixed_dictionaries({}, optional={"n": values, "list": values, "a": st.just({"b": 10})}),
            ),
            max_size=4,
        ),
    }
)


def fields(known: Any, texts: Any) -> Any:
    """Leaves about fields: ``known`` are all, ``texts`` those that are not always times."""

    def leaf(field: Any, ops: Sequence[str], value: Any = None) -> Any:
        members = {"field": field, "op": st.sampled_from(ops)} | ({} if value is None else {"value": value})
        return st.fixed_dictionaries(members)

    def against(field: Any, ops: Sequence[str]) -> Any:
        return st.fixed_dictionaries({"field": field, "op": st.sampled_from(ops), "ref": field})

    return st.one_of(
        leaf(texts, ["eq", "ne", "contains", "not_contains"], scalars),
        leaf(texts, ["in", "not_in"], st.one_of(st.lists(scalars, min_size=1, max_size=12))),
        leaf(texts, ["starts_with", "ends_with", "contains"], words),
        leaf(known, ["gt", "gte", "lt", "lte"], st.one_of(numbers, moments)),
        leaf(known, ["before", "after"], moments),
        leaf(
            known,
            ["between"],
            st.one_of(st.lists(numbers, min_size=2, max_size=2), st.lists(moments, min_size=2, max_size=2)),
        ),
        leaf(known, ["within_last", "older_than"], lengths),
        leaf(known, ["exists", "missing"]),
        against(texts, ["eq", "ne", "contains", "not_contains", "starts_with", "ends_with"]),
        against(known, ["gt", "gte", "lt", "lte", "before", "after"]),
    )


def nested(leaves: Any, most: int) -> Any:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=3)}),
            st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=3)}),
            st.fixed_dictionaries({"not": inner}),
        ),
        max_leaves=most,
    )


@st.composite
def happened(draw: Any) -> dict[str, Any]:
    leaf = {"event": draw(st.sampled_from(["order.paid", "message.opened", "never"]))}
    leaf["op"] = draw(st.sampled_from(["happened", "not_happened", "count_gte"]))
    if leaf["op"] == "count_gte":
        leaf["value"] = draw(st.sampled_from([1, 2, 3]))
    if draw(st.booleans()):
        leaf["within"] = draw(lengths)
    if draw(st.booleans()):
        leaf["match"] = draw(nested(fields(of_events, of_events), 2))
    return leaf


leaves = st.one_of(
    fields(paths, no_times),
    fields(paths, no_times),
    happened(),
    st.fixed_dictionaries(
        {"tag": st.sampled_from(["vip", "é", "none"])}, optional={"op": st.sampled_from(["has", "has_not"])}
    ),
    st.fixed_dictionaries(
        {"group": st.sampled_from(["shop", "none"])}, optional={"op": st.sampled_from(["in", "not_in"])}
    ),
    st.fixed_dictionaries({"suppressed": st.sampled_from(["email", "sms", "whatsapp"])}),
)


def depth(raw: Any) -> int:
    inner = [*raw.get("all", []), *raw.get("any", []), *([raw["not"]] if "not" in raw else [])]
    if "match" in raw:
        inner.append(raw["match"])
    return 1 + max(map(depth, inner)) if inner else 0


trees = nested(leaves, 6).filter(lambda raw: depth(raw) <= 5)


async def new_contact(pool: Pool, account_id: int, groups: dict[str, int], raw: dict[str, Any]) -> UUID:
    contact, number = new_batch_id(), uuid4().int % 10**9
    addresses = {"email": f"{number}@Example.com", "phone": f"+5511{number:09}", "whatsapp": f"+521{number:010}"}
    row = {name: address for name, address in addresses.items() if name in raw["addresses"]}
    row |= {name: raw[name] for name in ("first_name", "country", "time_zone", "created_at")}
    row |= {"fields": Jsonb(raw["fields"]), "tags": sorted(raw["tags"])}
    row |= {"groups": sorted(groups[key] for key in raw["groups"]), "id": contact, "account_id": account_id}
    async with pool.connection() as conn:
        names = ", ".join(row)
        await conn.execute(
            f"insert into contacts ({names}) values ({', '.join(['%s'] * len(row))})", list(row.values())
        )
        for name, age, data in raw["events"]:
            await conn.execute(
                "insert into contact_events values (%s, %s, %s, %s, %s, %s)",
                (account_id, contact, name, NOW - timedelta(seconds=age), Jsonb(data), uuid4()),
            )
        for channel in raw["suppressed"]:
            to = row.get({"email": "email", "sms": "phone"}.get(channel, "whatsapp"), row.get("phone"))
            await conn.execute(
                "insert into suppressions (account_id, channel, recipient, reason) values (%s, %s, %s, 'test')"
                " on conflict do nothing",
                (account_id, channel, str(to or "nobody").lower()),
            )
    return contact


async def facts(pool: Pool, account_id: int, people: Sequence[UUID], trees: Sequence[Condition]) -> dict[UUID, Facts]:
    """What is known of each, for any of these conditions."""
    known = {contact: await facts_of(pool, account_id, contact, Any_(tuple(trees)), NOW) for contact in people}
    return {contact: found for contact, found in known.items() if found is not None}


@settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
@given(st.lists(contacts, min_size=1, max_size=8), st.lists(trees, min_size=1, max_size=12))
async def test_sql_and_the_evaluator_agree(pool: Pool, people: list[dict[str, Any]], raw_trees: list[Any]):
    account_id = await new_account(pool)
    await set_time_zone(pool, account_id, "Australia/Lord_Howe")
    async with pool.connection() as conn:
        rows = await conn.execute(
            "insert into contact_groups (account_id, key, name) select %s, k, k from unnest(%s::text[]) as k"
            " returning key, id",
            (account_id, ["shop", "news"]),
        )
        groups = dict(await rows.fetchall())
    ids = [await new_contact(pool, account_id, groups, raw) for raw in people]
    trees = [parse_condition(raw, roots=OF_CONTACTS) for raw in raw_trees]
    known = await facts(pool, account_id, ids, trees)
    assert len(known) == len(ids)
    for tree in trees:
        found = await matching.page(pool, account_id, tree, NOW, None, 1000)
        assert {member.id for member in found} == {id_ for id_ in ids if evaluate(tree, known[id_]).result}
    everybody = Any_((trees[0], Not(trees[0])))
    assert await matching.count(pool, account_id, everybody, NOW) == len(ids)


def _single_leaves() -> list[dict[str, Any]]:
    """A leaf of each operator with each value, about a field that is a text, a number, a time, a list, or missing."""
    scalar: list[Any] = [*TEXTS, *TIMES, *NO_TIMES, *NUMBERS, True, False]
    times, length = TIMES, ["1s", "30m", "1h", "24h", "1d", "30d", "210d", "36500d"]
    of_values: dict[str, Sequence[Any]] = {
        **dict.fromkeys(("eq", "ne", "contains", "not_contains"), scalar),
        **{op: [*TEXTS, *TIMES] for op in ("starts_with", "ends_with")},
        **{op: [*NUMBERS, *times] for op in ("gt", "gte", "lt", "lte")},
        **dict.fromkeys(("before", "after"), times),
        **dict.fromkeys(("within_last", "older_than"), length),
        "in": [[value] for value in scalar],
        "not_in": [[value] for value in scalar],
        "between": [*pairwise(NUMBERS), *pairwise(times), (0, 10), (1, 1)],
    }
    leaves = [
        {"field": "contact.x", "op": op, "value": list(value) if isinstance(value, tuple) else value}
        for op, all_values in of_values.items()
        for value in all_values
    ]
    leaves += [{"field": "contact.x", "op": op} for op in ("exists", "missing")]
    leaves += [
        {"field": "contact.created_at", "op": op, "value": value}
        for op, given in (("within_last", length), ("older_than", length), ("before", times), ("after", times))
        for value in given
    ]
    events = [
        {"event": "order.paid", "op": op} | more | ({"value": 2} if op == "count_gte" else {})
        for op in ("happened", "not_happened", "count_gte")
        for more in ({}, *({"within": one} for one in length), {"match": {"field": "it.n", "op": "gt", "value": 1}})
    ]
    return [*leaves, *events]


def _different_people() -> list[dict[str, Any]]:
    nobody = {"first_name": None, "country": None, "tags": [], "groups": [], "suppressed": [], "addresses": []}
    fields: list[dict[str, Any]] = [
        {},
        *({"x": value} for value in (*TEXTS, *TIMES, *NO_TIMES, *NUMBERS, True, False, None, [1, "a"], [], {"a": 1})),
        # later than now: what is to come is not within the last days
        *({"x": value} for value in ("2026-10-26", "2026-10-25T01:30:01Z", "2026-10-25T01:30:00Z")),
    ]
    ages = [[], [0], [1], [3600], [3601], [86_400, 86_400], [90_000, 0], [3_000_000], [-60]]
    return [
        nobody
        | {"fields": of_x, "time_zone": ZONES[n % len(ZONES)], "created_at": NOW - timedelta(seconds=(n - 5) * 1800)}
        | {"events": [("order.paid", age, {"n": n % 3}) for age in ages[n % len(ages)]]}
        for n, of_x in enumerate(fields)
    ]


async def test_each_operator_agrees_for_each_kind_of_value(pool: Pool):
    account_id = await new_account(pool)
    ids = [await new_contact(pool, account_id, {}, raw) for raw in _different_people()]
    trees = [parse_condition(raw, roots=OF_CONTACTS) for raw in _single_leaves()]
    known = await facts(pool, account_id, ids, trees)
    wrong = []
    for tree in trees:
        found = {member.id for member in await matching.page(pool, account_id, tree, NOW, None, 1000)}
        expected = {id_ for id_ in ids if evaluate(tree, known[id_]).result}
        if found != expected:
            wrong.append((tree, [known[id_] for id_ in found ^ expected]))
    assert wrong == []
