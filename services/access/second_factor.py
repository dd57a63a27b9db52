"""The second factor: a code that an app computes from a secret (TOTP, RFC 6238), or a recovery code."""

import hmac
import re
import secrets
import time
from hashlib import sha256

from domain.access.log_in_waits import OF_CODES, codes_subject
from domain.access.people import Person
from domain.errors import ConflictError, InvalidError, LogInError
from domain.keyring import Keyring
from services.access.people import about, find_person
from services.access.staff import permissions_of
from services.access.waits import count_try
from services.changes import Change
from store.access import log_in_waits, second_factors, sessions
from store.access.people import Known
from store.pool import Connections

STEP = 30
"""Seconds for which a code counts; those before and after count, too, as clocks differ."""
RECOVERY_CODES = 10
_RECOVERY_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
"""Without those that look like others. Sixteen of them are 80 random bits: too many for guesses at a plain hash."""
_RECOVERY_LENGTH = 16
_SIX_DIGITS = re.compile(r"[0-9]{6}")


async def begin(change: Change, keyring: Keyring, known: Known, issuer: str) -> tuple[str, str]:
    """A new secret, and the address from which an app reads it. It counts once it is confirmed by a code.

    Raises:
        ConflictError: a second factor is in use.
    """
    import pyotp

    secret = pyotp.random_base32()
    about(change, known)
    if not await second_factors.begin(change.store, known.person, second_factors.seal(keyring, known.person, secret)):
        raise ConflictError("totp_on", "you have a second factor: disable it first")
    return secret, pyotp.TOTP(secret, name=known.email, issuer=issuer).provisioning_uri()


async def confirm(change: Change, keyring: Keyring, known: Known, code: str, session_id: str) -> list[str]:
    """Need codes of the secret from now on. All other sessions end. Returns the recovery codes, which are not shown
    again.

    Raises:
        ConflictError: there is no secret that waits for its first code.
        InvalidError: it is not its code.
    """
    if known.totp_secret is None or known.totp_since is not None:
        raise ConflictError(
            "totp_not_begun", "no second factor waits for its first code: begin with POST /api/auth/totp"
        )
    step = _step_of(keyring, known, code)
    if step is None:
        raise InvalidError(
            "code_wrong",
            "this is not the code of this moment: type the newest one, and look whether the app's clock is right",
            "/code",
        )
    if not await second_factors.confirm(change.store, known.person, known.totp_secret, step):
        raise ConflictError("totp_not_begun", "the second factor was changed at this moment")
    codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
    await second_factors.put_codes(change.store, known.person, [_digest(code) for code in codes])
    about(change, known)
    change.metadata["sessions_ended"] = await sessions.end_all(change.store, known.person, but=session_id)
    return codes


async def check(pool: Connections, keyring: Keyring, known: Known, code: str | None) -> str:
    """Refuse who lacks the second factor. Each code counts once. Returns how it was proved.

    Raises:
        LogInError: no code, or a wrong or used one.
        TooSoonError: after too many tries.
    """
    if code is None:
        raise LogInError(
            "code_needed", "the code of your second factor, or a recovery code, is needed as well: send it as code"
        )
    subject = codes_subject(known.person)
    await count_try(pool, subject, OF_CODES)
    step = _step_of(keyring, known, code)
    if step is not None and await second_factors.use_step(pool, known.person, step):
        proved = "totp"
    elif await second_factors.use_code(pool, known.person, _digest(code)):
        proved = "recovery_code"
    else:
        raise LogInError("code_wrong", "this code is wrong, or was used")
    await log_in_waits.forget(pool, subject)
    return proved


async def disable(change: Change, known: Known, *, is_required: bool) -> None:
    """Need no codes of who is logged in any more; ``is_required``: the install requires a second factor.

    Raises:
        ConflictError: none are needed; it must have a second factor.
    """
    if known.totp_since is None:
        raise ConflictError("totp_off", "you have no second factor")
    if is_required:
        raise ConflictError("second_factor_required", "everybody like you must have a second factor here")
    if known.totp_required:
        raise ConflictError("totp_required", "you must have a second factor: ask somebody who may change staff")
    about(change, known)
    await second_factors.remove(change.store, known.person)


async def reset(change: Change, person: Person) -> None:
    """Need no codes of somebody who lost the second factor. All its sessions end.

    Raises:
        NotFoundError: there is nobody of this id, or not any more.
        ForbiddenError: the person may do what the actor may not.
        ConflictError: there is none.
    """
    change.actor.check_confirmed()
    known = await find_person(change.store, person)
    about(change, known)
    if known.role is not None:
        change.actor.check_grant(await permissions_of(change.store, known.role, lock=True))
    if not await second_factors.remove(change.store, person):
        raise ConflictError("totp_off", "this person has no second factor")
    change.metadata["sessions_ended"] = await sessions.end_all(change.store, person)


def _step_of(keyring: Keyring, known: Known, code: str) -> int | None:
    """The number of the half minute whose code this is, around now."""
    import pyotp

    code = "".join(code.split())
    if known.totp_secret is None or not _SIX_DIGITS.fullmatch(code):
        return None
    totp = pyotp.TOTP(second_factors.unseal(keyring, known.person, known.totp_secret))
    now = int(time.time()) // STEP
    fitting = [step for step in (now - 1, now, now + 1) if hmac.compare_digest(totp.generate_otp(step), code)]
    return fitting[-1] if fitting else None


def _recovery_code() -> str:
    letters = "".join(secrets.choice(_RECOVERY_LETTERS) for _ in range(_RECOVERY_LENGTH))
    return "-".join(letters[start : start + 4] for start in range(0, _RECOVERY_LENGTH, 4))


def _digest(code: str) -> bytes:
    return sha256("".join(code.casefold().replace("-", "").split()).encode()).digest()
