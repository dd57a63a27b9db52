"""Which SIM sends which message."""

import math
from collections import Counter
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from domain.devices.choosing import LONGEST_UNEVEN, Group, Sim, Spread, Waiting, assign, parts_left


def sim(device: int = 1, slot: int = 0, **more: object) -> Sim:
    fields = {
        "country": None,
        "countries": frozenset(),
        "gap": (0.0, 0.0),
        "free_at": -1.0,
        "parts_left": math.inf,
        "unique_left": math.inf,
        "used": 0,
        **more,
    }
    return Sim(UUID(int=device), f"sim-{slot + 1}", slot, **fields)  # type: ignore[arg-type]


def message(country: str | None = "DE", parts: int = 1, age: float = 1.0, recipient: bytes = b"") -> Waiting:
    return Waiting(uuid4(), 1, country, parts, recipient or uuid4().bytes, age)


def chosen(sims: list[Sim], messages: list[Waiting], limit: int = 50, spread: Spread | None = None) -> list[str]:
    all_allowed = Spread([Group(frozenset(), 1, 0)], {"DE": 10_000, "AT": 10_000, None: 10_000})
    pairs = assign(sims, messages, limit, spread or all_allowed, lambda *_: False, lambda low, high: (low + high) / 2)
    return [f"{one.device_id.int}/{one.uid}" for _, one in pairs]


def test_the_sim_that_has_sent_least_is_taken():
    assert chosen([sim(1, used=3), sim(2, used=1)], [message() for _ in range(4)]) == [
        "2/sim-1",
        "2/sim-1",
        "1/sim-1",
        "2/sim-1",
    ]


def test_a_sim_of_the_recipients_country_comes_before_others():
    assert chosen([sim(1, country="AT"), sim(2, used=9, country="DE")], [message("DE")]) == ["2/sim-1"]


def test_a_sim_sends_only_to_its_countries():
    only = frozenset({"AT"})
    assert chosen([sim(1, countries=only)], [message("DE"), message("AT"), message(None)]) == ["1/sim-1"]


def test_caps_count_the_parts_of_messages():
    assert chosen([sim(1, parts_left=3)], [message(parts=2), message(parts=2), message(parts=1)]) == ["1/sim-1"] * 2


def test_a_sim_with_a_gap_gets_one_at_a_time_and_none_before_it_is_over():
    sims = [sim(1, gap=(8.0, 20.0)), sim(2, gap=(8.0, 20.0), free_at=2.0)]
    assert chosen(sims, [message(), message()]) == ["1/sim-1"]
    assert sims[0].gap_chosen == 14.0


def test_at_the_end_of_its_recipients_a_sim_writes_to_known_ones_only():
    known, new = message(recipient=b"known"), message(recipient=b"new")
    one = sim(1, unique_left=0)
    spread = Spread([Group(frozenset(), 1, 0)], {"DE": 2})
    pairs = assign([one], [new, known], 9, spread, lambda _, who: who == b"known", lambda low, _: low)
    assert [each for each, _ in pairs] == [known]


def test_each_device_gets_no_more_than_it_asked_for():
    assert chosen([sim(1), sim(1, 1), sim(2)], [message() for _ in range(9)], limit=2) == [
        "1/sim-1",
        "1/sim-2",
        "2/sim-1",
        "2/sim-1",
    ]


def test_a_phone_that_asks_first_leaves_the_others_their_share():
    """Ten messages wait, two more SIMs are online: four each."""
    spread = Spread([Group(frozenset(), 3, 0)], {"DE": 10})
    assert len(chosen([sim(1)], [message() for _ in range(10)], spread=spread)) == 4


def test_sims_that_do_not_send_to_a_country_have_no_share_of_it():
    groups = [Group(frozenset(), 1, 0), Group(frozenset({"AT"}), 9, 0)]
    spread = Spread(groups, {"DE": 10, "AT": 10})
    assert len(chosen([sim(1)], [message("DE") for _ in range(10)], spread=spread)) == 10


def test_nothing_waits_for_ever_for_a_sim_that_does_not_take_it():
    spread = Spread([Group(frozenset(), 2, 100)], {"DE": 1})
    busy = sim(1, used=90)
    assert chosen([busy], [message(age=1.0)], spread=spread) == []
    assert chosen([busy], [message(age=LONGEST_UNEVEN + 1)], spread=spread) == ["1/sim-1"]


@given(st.lists(st.integers(0, 40), min_size=1, max_size=12), st.integers(0, 200))
def test_what_all_sims_get_together_is_spread_evenly(used: list[int], count: int):
    sims = [sim(device, used=each) for device, each in enumerate(used, 1)]
    chosen(sims, [message() for _ in range(count)], limit=1000)
    most = max((one.used for one in sims if one.used > used[one.device_id.int - 1]), default=0)
    assert all(one.used >= most - 1 or one.is_full for one in sims)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.booleans()), min_size=1, max_size=8),
    st.lists(st.integers(1, 4), max_size=60),
)
def test_no_cap_is_ever_passed(caps: list[tuple[int, int, bool]], parts: list[int]):
    sims = [
        sim(device, parts_left=left, unique_left=unique, gap=(1.0, 2.0) if gap else (0.0, 0.0))
        for device, (left, unique, gap) in enumerate(caps, 1)
    ]
    messages = [message(parts=each) for each in parts]
    sizes = Counter[int]()
    spread = Spread([Group(frozenset(), 1, 0)], {"DE": 1000})
    pairs = assign(sims, messages, 100, spread, lambda *_: False, lambda low, _: low)
    for each, one in pairs:
        sizes[one.device_id.int] += each.parts
    given_to = Counter(one.device_id.int for _, one in pairs)
    for device, (left, unique, gap) in enumerate(caps, 1):
        assert sizes[device] <= left
        assert given_to[device] <= unique
        assert not gap or given_to[device] <= 1
    assert len({each.uid for each, _ in pairs}) == len(pairs)


def test_the_tightest_cap_decides():
    assert parts_left((10, 4), (None, 99), (7, 6)) == 1
    assert parts_left((10, 40)) == 0
    assert parts_left((None, 3)) == math.inf
