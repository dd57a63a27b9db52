"""Nothing that a lead or a mapping holds breaks the mapping: faults are problems, or the error for invalid values."""

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from domain.audience.contacts.values import Terms, read_values
from domain.errors import InvalidError
from domain.leads.mapping import OWN, Rule, map_lead, parse_rules, shown_rules
from domain.leads.raw import Answer, Disclaimer, RawLead
from domain.leads.suggesting import suggest

FIELDS = {"a": "text", "n": "number", "b": "boolean", "d": "date", "t": "time"}
_TEXTS = ["", " ", "\0", "\ud800", "\u202e", "+4915123456789", "a@b.example", "{{ 7*7 }}", "=1+1", "x" * 5000, "١", "²"]
texts = st.text(max_size=20) | st.sampled_from(_TEXTS)
names = st.sampled_from(["email", "phone", "name", "E-Mail", "contact.email", "q", "/a/0", "Land", "whatsapp"]) | texts
answers = st.builds(Answer, names, st.none() | names, st.lists(texts, max_size=3).map(tuple))
boxes = st.builds(Disclaimer, names, st.none() | names, st.booleans())
leads = st.builds(
    RawLead,
    st.just("1"),
    st.none(),
    st.none() | texts,
    st.lists(answers, max_size=6).map(tuple),
    st.lists(boxes, max_size=3).map(tuple),
    st.just({}),
    st.just(False),
)
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
)
targets = st.sampled_from([*OWN, "tag", "consent:news", *(f"field:{key}" for key in FIELDS), "field:gone"])
transforms = (
    st.sampled_from(["trim", "lower", "upper", "title", "split_name", "e164"])
    | st.sampled_from(["YYYY-MM-DD", "%DD%MM%YY", "YYYY-MM-DD YYYY", "\0YYMMDD", "[(YYYYMMDD", "HHYYYYMMDDmmss"]).map(
        lambda form: {"date": form}
    )
    | st.dictionaries(texts, texts, max_size=2).map(lambda table: {"map": table})
)
rules = st.fixed_dictionaries(
    {"from": names | st.lists(names, max_size=3), "to": targets},
    optional={"transform": st.lists(transforms, max_size=3), "default": texts},
)


def nested() -> Any:
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    return deep


@given(json | st.lists(json | rules, max_size=5))
def test_rules_are_read_or_refused_as_invalid(written: Any) -> None:
    try:
        read = parse_rules(written)
    except InvalidError:
        return
    assert parse_rules(shown_rules(read)) == read


def parsed(written: list[dict[str, Any]]) -> list[Rule]:
    found: list[Rule] = []
    for one in written:
        try:
            found.extend(parse_rules([one]))
        except InvalidError:
            continue
    return found


@given(leads, st.dictionaries(names, json, max_size=3), st.lists(rules, max_size=8), st.sampled_from([None, "DE"]))
@example(
    RawLead("1", None, None, (), (), {}, False), {"a": nested()}, [{"from": f"/a{'/0' * 9}", "to": "first_name"}], None
)
@example(RawLead("1", None, None, (), (), {}, False), {"a": 10**5000}, [{"from": "/a", "to": "first_name"}], None)
@example(
    RawLead("1", None, None, (Answer("q", None, ("x",)),), (), {}, False),
    {},
    [{"from": "q", "to": "consent:news", "transform": ["e164"]}],
    None,
)
def test_any_lead_is_mapped_to_values_that_a_contact_can_have(
    raw: RawLead, body: dict[str, Any], written: list[dict[str, Any]], country: str | None
) -> None:
    for mapping in (parsed(written), suggest(raw)):
        found = map_lead(raw, body, mapping, country, FIELDS)
        assert read_values({**found.values, "tags": list(found.tags)}, Terms(country, FIELDS)) is not None
        assert all(one.pointer.startswith("/") for one in found.problems)


@given(leads, st.lists(rules, max_size=8))
@example(
    RawLead("1", None, None, (Answer("email", None, ("",)),), (), {}, False),
    [{"from": "email", "to": "first_name", "transform": ["split_name"], "default": ""}],
)
def test_every_answer_is_a_value_or_kept(raw: RawLead, written: list[dict[str, Any]]) -> None:
    """Unless something came of the lead, all of it is kept, whatever the rules tried."""
    found = map_lead(raw, {}, parsed(written), "DE", FIELDS)
    if not (found.values or found.tags or found.consents):
        assert found.answers.keys() == {one.name for one in raw.answers if one.values}
