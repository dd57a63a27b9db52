"""What the error codes of Meta's Cloud API mean for a message.

The groups follow Meta's page of error codes (developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes) as
ordered by pywa (pywa/errors.py).
"""

from typing import Any

from domain.outcomes import GatewayDown, Outcome, Refused, RetryLater
from gateways.answers import clean, failure, retry_after
from gateways.net.http_answer import Answer

# Too many requests: application, business account, throughput, spam limit, registration attempts, and others.
_THROTTLED = frozenset({4, 80007, 130429, 131048, 133016, 131064})
_PAIR_LIMIT = 131056
PAIR_SECONDS = 6.0
"""WhatsApp lets about one message in six seconds through to the same person."""
_SOMETHING_WENT_WRONG = 131000
_CREDENTIALS = frozenset({0, 3, 10, 190, *range(200, 300)})
_ACCOUNT = frozenset({33, 368, 131031, 131042, 133010})  # number gone, restricted, locked, payment, not registered
_SERVICE = frozenset({1, 2, 131016, 131057})  # API unknown, API service, service unavailable, maintenance
_STOPPED_MARKETING = 131050


def meta_failure(answer: Answer, error: dict[str, Any]) -> Outcome:
    """Classify an error by its code; by the HTTP status where there is none.

    Every other code is about this message (its recipient, template, media, the 24-hour window): refused as
    ``meta_<code>``.
    """
    code = error.get("code")
    reason = _reason(error)
    if not isinstance(code, int):
        return failure(answer, reason)
    if code == _PAIR_LIMIT:
        return RetryLater(retry_after(answer) or PAIR_SECONDS, reason)
    if code in _THROTTLED or code == _SOMETHING_WENT_WRONG:
        return RetryLater(retry_after(answer), reason)
    if code in _CREDENTIALS or code in _ACCOUNT or code in _SERVICE:
        return GatewayDown(reason)
    if code == _STOPPED_MARKETING:
        return Refused("opted_out", reason)
    return Refused(f"meta_{code}", reason)


def _reason(error: dict[str, Any]) -> str:
    details = error.get("error_data")
    words = [error.get("message"), details.get("details") if isinstance(details, dict) else None]
    return clean(": ".join(word for word in words if isinstance(word, str)))
