"""What a mail server's replies mean: about this one mail, or about the account that it came with."""

import re

from domain.messages.outcomes import GatewayDown, Outcome, Refused, RetryLater
from gateways.answers import clean

CLOSING = 421  # RFC 5321 §4.2.2: the server is about to close the connection
MAIL_INPUT = 354
TOO_LARGE = 552

_NEEDS_LOGIN = frozenset({530, 534, 535, 538})  # RFC 4954 §6: for any recipient
_STATUS = re.compile(r"\s*([245])\.(\d{1,3})\.(\d{1,3})\b")
_ABOUT_RECIPIENT = frozenset({"1", "2"})
"""Subjects of enhanced status codes (RFC 3463 §3): the address and its mailbox."""
_OF_SENDERS = re.compile(r"\bsend(er|ing)\b", re.IGNORECASE)
_NO_RELAY = re.compile(
    r"relay(ing)?( access)? (is |was )?(denied|not (permitted|allowed))|unable to relay|(not|n't) (\w+ )?relay\b"
    r"|we do not relay|relaying (is )?(prohibited|forbidden)|not permitted to relay",
    re.IGNORECASE,
)
_NO_ACCOUNT = re.compile(
    r"authentication (is )?(required|needed|failed)|(must|need to) (be )?(authenticate|log ?in)|not authenticated"
    r"|(your|this|sending|sender'?s?) account (is |has been |was )?(suspended|disabled|blocked|locked|closed|limited)"
    r"|sender address rejected|not owned by user|(client )?host \S+ blocked|blocked using",
    re.IGNORECASE,
)
_USED_UP = re.compile(
    r"sending (rate |message )?(quota|limit|allowance)"
    r"|(daily|hourly|monthly)\b[\w\s]*\b(quota|limit|allowance)"
    r"|(quota|limit) (of|on|for) (messages|mails|e-?mails|sending|recipients)"
    r"|(message|mail|e-?mail|recipient)s?( rate| sending)? (quota|limit) (is |has been |was )?(exceeded|reached)"
    r"|(out of|insufficient|not enough|no more|exceeded) (\w+ )?credits?",
    re.IGNORECASE,
)


def refusal(code: int, message: str) -> Outcome:
    """Tell a temporary refusal (4yz) from a lasting one (RFC 5321 §4.2.1), and the mail's from the account's.

    An account that may not send, or has sent all that it may, gets the same reply to every mail: that is no message's
    fault.
    """
    if 400 <= code < 500:
        return RetryLater(None, error_text(code, message))
    if _is_about_account(code, message):
        return GatewayDown(error_text(code, message))
    return Refused(f"smtp_{code}", error_text(code, message))


def error_text(code: int, message: str) -> str:
    """A reply in one line."""
    return clean(f"{code} {message}")


def _is_about_account(code: int, message: str) -> bool:
    if code in _NEEDS_LOGIN:
        return True
    status = _STATUS.match(message)
    if status and status[2] in _ABOUT_RECIPIENT and not _OF_SENDERS.search(message) and not _NO_RELAY.search(message):
        return False
    if status and (status[2], status[3]) == ("4", "5"):  # routing that is overloaded; Google: the day's quota is sent
        return True
    return any(pattern.search(message) for pattern in (_NO_RELAY, _NO_ACCOUNT, _USED_UP))
