"""Who gets a copy of a mail."""

import pytest

from domain.mail.extras import MailExtras


@pytest.mark.parametrize(
    ("cc", "kept"),
    [
        ((), ()),
        (("bob@example.com",), ("bob@example.com",)),
        (("ann@example.com", "bob@example.com"), ("bob@example.com",)),
        (("ANN@example.com",), ()),
        (("bob@example.com", "Bob@example.com", "bob@example.com"), ("bob@example.com",)),
        (("eve@example.com", "bob@example.com", "eve@example.com"), ("eve@example.com", "bob@example.com")),
    ],
)
def test_nobody_gets_a_mail_twice(cc: tuple[str, ...], kept: tuple[str, ...]) -> None:
    assert MailExtras(cc=cc).without_repeats("Ann@example.com").cc == kept
