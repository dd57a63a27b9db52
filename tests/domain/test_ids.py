"""Uids lead to their page, and those of a batch are one range."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import (
    MAX_PAGES,
    PAGE_SIZE,
    batch_page_id,
    batch_page_number,
    batch_range,
    index_of,
    message_uid,
    minted_at,
    new_batch_id,
    new_page_id,
    page_of,
)

INDEXES = st.integers(0, PAGE_SIZE - 1)
NUMBERS = st.integers(1, MAX_PAGES)


@given(INDEXES)
def test_a_uid_leads_to_its_page_and_place(index: int):
    page_id = new_page_id()
    uid = message_uid(page_id, index)
    assert (page_of(uid), index_of(uid), uid.version, uid.variant) == (page_id, index, 8, "specified in RFC 4122")


@given(st.integers(0, 2**48 - 1), INDEXES)
def test_a_uid_tells_when_its_page_was_accepted(ms: int, index: int):
    assert minted_at(message_uid(new_page_id(ms), index)) == ms / 1000


@given(NUMBERS, INDEXES)
def test_all_messages_of_a_batch_are_in_its_range_and_none_has_its_id(number: int, index: int):
    batch_id = new_batch_id()
    first, last = batch_range(batch_id)
    page_id = batch_page_id(batch_id, number)
    uid = message_uid(page_id, index)
    assert first < uid <= last
    assert (page_of(uid), batch_page_number(page_id)) == (page_id, number)


def test_pages_of_a_batch_are_in_the_order_of_their_numbers():
    batch_id = new_batch_id()
    pages = [batch_page_id(batch_id, number) for number in (1, 2, 500, MAX_PAGES)]
    assert pages == sorted(pages)


def test_two_batches_of_one_millisecond_do_not_touch():
    ranges = sorted(batch_range(new_batch_id(1)) for _ in range(1000))
    assert all(before[1] < after[0] for before, after in pairwise(ranges))


@pytest.mark.parametrize("number", [0, MAX_PAGES + 1])
def test_a_page_outside_of_a_batch_has_no_id(number: int):
    with pytest.raises(ValueError, match="no page"):
        batch_page_id(new_batch_id(), number)
