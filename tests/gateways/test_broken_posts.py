"""One broken character of one event does not lose a post."""

import pytest
from posts import post

from gateways.webhooks.webhook import UnreadablePost


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'[{"a":"x\\ud83dy"},{"a":"z"}]', [{"a": "x\ufffdy"}, {"a": "z"}]),
        (b'[{"a":"\\ude00"}]', [{"a": "\ufffd"}]),
        (b'[{"a":"\\ud83d\\ude00\\ud83d"}]', [{"a": "\U0001f600\ufffd"}]),
        (b'[{"a":"\\\\ud83d\\uD83D"}]', [{"a": "\\ud83d\ufffd"}]),
        (b'[{"a":"caf\xe9"}]', [{"a": "caf\ufffd"}]),
        (b'[{"a":"\xed\xa0\xbd"}]', [{"a": "\ufffd\ufffd\ufffd"}]),
    ],
)
def test_what_no_database_stores_is_replaced_and_the_rest_is_kept(body, value):
    assert post(body).json() == value


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"a":"\\u"}', b'{"a":\\ud83d}'])
def test_what_is_no_json_stays_unreadable(body):
    with pytest.raises(UnreadablePost):
        post(body).json()


def test_a_form_with_a_byte_that_is_not_utf8_is_read():
    assert post(b"Body=caf\xe9&To=1").form() == [("Body", "caf\ufffd"), ("To", "1")]
