"""Why a phone could not send a message, and what follows from it.

Phones report Android's names of faults (``RESULT_ERROR_NO_SERVICE``); the app "SMS Gateway for Android" reports texts
with such names in them.
"""

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["sim_down", "cool_down", "refused", "expired"]


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a phone could not send a message."""

    kind: Kind
    """``sim_down``: the SIM or its phone cannot send now; nothing left the phone, another one may send the message.
    ``cool_down``: so, too, as the SIM met a limit of Android or of its carrier. ``refused``: another SIM would fail
    as well, or the network may have had the message. ``expired``: its time was over before it was sent."""
    code: str
    """Ours: ``android_no_service``."""
    cool_seconds: float = 0.0
    """How long the SIM is left alone."""


_NAME = re.compile(r"\b(?:RESULT_(?:ERROR_)?|ERROR_)(?:RIL_)?([A-Z][A-Z_]{1,60})\b")
_BARE_NAME = re.compile(r"(?:RIL_)?([A-Z][A-Z_]{1,60})")

_MINUTE = 60.0
_LIMIT_OF_ANDROID = 30 * _MINUTE
"""The window in which it counts the messages of an app."""

# Names of android.telephony.SmsManager, without RESULT_, ERROR_ and RIL_.
_SIM_DOWN = {
    "RADIO_OFF": _MINUTE,
    "NO_SERVICE": _MINUTE,
    "RADIO_NOT_AVAILABLE": _MINUTE,
    "MODEM_ERROR": _MINUTE,
    "MODEM_ERR": _MINUTE,
    "INVALID_STATE": _MINUTE,
    "INVALID_MODEM_STATE": _MINUTE,
    "NETWORK_NOT_READY": _MINUTE,
    "NO_RESOURCES": _MINUTE,
    "NO_MEMORY": _MINUTE,
    "BLOCKED_DUE_TO_CALL": _MINUTE,
    "SIMULTANEOUS_SMS_AND_CALL_NOT_ALLOWED": _MINUTE,
    "SMS_BLOCKED_DURING_EMERGENCY": 10 * _MINUTE,
    "ACCESS_BARRED": 10 * _MINUTE,
    "SIM_ABSENT": 10 * _MINUTE,
    "NO_DEFAULT_SMS_APP": 10 * _MINUTE,
    "USER_NOT_ALLOWED": 10 * _MINUTE,
    "INVALID_SMSC_ADDRESS": 60 * _MINUTE,
}
_COOL_DOWN = {"LIMIT_EXCEEDED": _LIMIT_OF_ANDROID, "REQUEST_RATE_LIMITED": 5 * _MINUTE}

# What else the app writes, in lower case.
_EXPIRED = "ttl expired"
_UNDELIVERED = "delivery result"
_NOT_TRIED = re.compile(r"can't send message: .*(?:\bsim\b|permission|subscription)", re.DOTALL)


def fault(code: str | None, reason: str | None) -> Fault:
    """What follows from a fault, as a phone reports it: by its code, else by a name in its text.

    What is not known is ``refused``: the message may have left the phone, so nobody else sends it.
    """
    text = (reason or "").lower()
    if text.startswith(_EXPIRED) or code == "expired":
        return Fault("expired", "android_expired")
    name = _name_in(code, reason)
    if name is not None:
        return _named(name)
    if _NOT_TRIED.match(text):
        return Fault("sim_down", "android_no_sim", 10 * _MINUTE)
    return Fault("refused", "android_undelivered" if text.startswith(_UNDELIVERED) else "android_failed")


def _named(name: str) -> Fault:
    ours = f"android_{name.lower()}"
    if name in _SIM_DOWN:
        return Fault("sim_down", ours, _SIM_DOWN[name])
    if name in _COOL_DOWN:
        return Fault("cool_down", ours, _COOL_DOWN[name])
    return Fault("refused", ours)


def _name_in(code: str | None, reason: str | None) -> str | None:
    found = _NAME.search(code or "") or _BARE_NAME.fullmatch(code or "") or _NAME.search(reason or "")
    return found[1] if found else None
