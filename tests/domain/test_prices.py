"""Prices by the rates of a plan, beside a rule that is easy to check."""

from hypothesis import given
from hypothesis import strategies as st

from domain.channels import Channel
from domain.messages.prices import CATEGORIES, FREE, ONE_EACH, UNDECLARED, Rate, priced

digits = st.text("01", max_size=5)
prefixes = digits.map(lambda text: f"+4{text}" if text else "")
rates = st.builds(Rate, st.sampled_from([*Channel]), prefixes, st.sampled_from([None, *CATEGORIES]), st.integers(0, 9))
distinct = st.lists(rates, unique_by=lambda rate: rate[:3], max_size=30)
numbers = st.text("01", min_size=5, max_size=5).map(lambda text: f"+4{text}")


def rule(rates: list[Rate], channel: str, to: str, category: str | None) -> int:
    """The matching rate that is the most specific one: by prefix, then by category."""
    matching = [
        rate
        for rate in rates
        if rate.channel == channel and to.startswith(rate.prefix) and rate.category in (None, category)
    ]
    return max(matching, key=lambda rate: (len(rate.prefix), rate.category is not None)).credits if matching else 1


@given(distinct, st.sampled_from([*Channel]), numbers, st.sampled_from([None, *CATEGORIES]), st.integers(1, 10))
def test_the_longest_prefix_decides_and_then_the_category(rates, channel, to, category, units):
    assert priced(rates).of(channel, to, units, category) == units * rule(rates, channel, to, category)


@given(distinct, numbers)
def test_a_template_without_its_category_costs_as_in_the_dearest_one(rates, to):
    dearest = max(rule(rates, "whatsapp", to, category) for category in CATEGORIES)
    assert priced(rates).of(Channel.WHATSAPP, to, category=UNDECLARED) == dearest


def test_without_rates_each_part_costs_one_credit_and_admins_pay_nothing():
    assert [prices.of(Channel.SMS, "+4915112345678", 3) for prices in (ONE_EACH, priced([]), FREE)] == [3, 3, 0]
