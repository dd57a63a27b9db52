"""When a message was accepted, as its uid has it."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from api.messages.routes import accepted_at


@pytest.mark.parametrize(
    ("uid", "at"),
    [
        ("00000000-0000-8000-8000-000000000000", datetime(1970, 1, 1, tzinfo=UTC)),
        ("ffffffff-ffff-8000-8000-000000000000", datetime(9999, 12, 31, tzinfo=UTC)),
    ],
)
def test_an_uid_of_a_clock_that_was_wrong_has_a_time_that_can_be_shown(uid: str, at: datetime):
    assert accepted_at(UUID(uid)) == at
