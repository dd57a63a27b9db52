"""What the error codes of Meta's Cloud API mean for a message.

The groups follow Meta's page of error codes (developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes) as
ordered by pywa (pywa/errors.py).
"""

from typing import Any

from domain.messages.outcomes import GatewayDown, Outcome, Refused, RetryLater
from domain.messages.receipts import MARKETING_OPTED_OUT
from domain.whatsapp.templates import OUTSIDE_WINDOW
from gateways.answers import clean, failure, retry_after
from gateways.net.http_answer import Answer

# Too many requests: application, business account, throughput, spam limit, registration attempts, and others.
_THROTTLED = frozenset({4, 80007, 130429, 131048, 133016, 131064})
_PAIR_LIMIT = 131056
PAIR_SECONDS = 6.0
"""WhatsApp lets about one message in six seconds through to the same person."""
_TRY_AGAIN = frozenset({131000, 131016})  # something went wrong, service unavailable
_CREDENTIALS = frozenset({0, 3, 10, 190, 131005, *range(200, 300)})
_ACCOUNT = frozenset({33, 368, 131031, 131042, 133010})  # number gone, restricted, locked, payment, not registered
_SERVICE = frozenset({1, 2, 131057})  # API unknown, API service, maintenance
_INVALID_PARAMETER = 100
_NO_SUCH_OBJECT = 33
"""The subcode of ``_INVALID_PARAMETER`` when it is the phone number id that does not exist, or is not ours."""

_OUTSIDE_WINDOW = 131047
_WORDS = {_OUTSIDE_WINDOW: OUTSIDE_WINDOW, 131050: MARKETING_OPTED_OUT}
_ADVICE = {
    _OUTSIDE_WINDOW: "more than 24 hours have passed since this person last wrote: send a template",
    131049: "WhatsApp spares this person more marketing for now: wait at least a day before another try",
    131050: "this person stopped marketing messages from this business; others still arrive",
    130497: "WhatsApp does not let this business write to people in this country",
}


def meta_failure(answer: Answer, error: dict[str, Any]) -> Outcome:
    """Classify an error by its code; by the HTTP status where there is none.

    Every other code is about this message (its recipient, template, media, the 24-hour window): refused, with the code
    of ``meta_code``.
    """
    code = error.get("code")
    reason = meta_reason(error)
    if not isinstance(code, int):
        return failure(answer, reason)
    if code == _PAIR_LIMIT:
        return RetryLater(retry_after(answer) or PAIR_SECONDS, reason)
    if code in _THROTTLED or code in _TRY_AGAIN:
        return RetryLater(retry_after(answer), reason)
    if code in _CREDENTIALS or code in _ACCOUNT or code in _SERVICE:
        return GatewayDown(reason)
    if code == _INVALID_PARAMETER and error.get("error_subcode") == _NO_SUCH_OBJECT:
        return GatewayDown(reason)
    return Refused(meta_code(code), reason)


def meta_code(code: int) -> str:
    """Our code for an error that ends a message: ``outside_window``, ``marketing_opted_out``, else ``meta_<code>``."""
    return _WORDS.get(code, f"meta_{code}")


def meta_reason(error: dict[str, Any]) -> str:
    """Meta's words, its details, and what to do about it."""
    details = error.get("error_data")
    words = [
        error.get("message") or error.get("title"),
        details.get("details") if isinstance(details, dict) else None,
        _ADVICE.get(error["code"]) if isinstance(error.get("code"), int) else None,
    ]
    return clean(": ".join(word for word in words if isinstance(word, str)))
