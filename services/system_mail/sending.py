"""Sending a mail of the system itself, such as a new password's link: over the install's own mail server."""

from collections.abc import Mapping
from typing import Any

from domain.channels import Channel
from domain.errors import ConflictError
from domain.ids import new_page_id
from domain.keyring import Keyring, KeyringError
from domain.messages.outbound import Outbound
from domain.recipients import InvalidRecipient, normalise_email
from domain.request_rates import Rate
from gateways.base import GatewayConnections
from gateways.config.problems import InvalidGatewayConfig
from gateways.net.names import Names
from gateways.registry import parse_config
from services.gateway_trial import Trial, send_through
from services.settings.current import effective
from services.system_mail.notice import Notice, html_of, text_of
from store.accounts import request_rates
from store.gateways.sandbox_inbox import SandboxInbox
from store.pool import Connections, Pool
from store.settings import install_settings

TEST_RATE = Rate(5 / 60, burst=5)
"""Test mails of the whole install."""
_ENDED = ("accepted", "refused")
"""Outcomes after which a mail needs no other try."""
TEST = Notice("Test mail", ["This is a test mail: the mail server of the system works."])


async def take_test_turn(pool: Pool) -> float:
    """Take one of the test mails that may be sent now. Returns the seconds to wait; 0: none."""
    return max(0.0, await request_rates.take(pool, "test of the system's mail", TEST_RATE))


async def is_set(store: Connections) -> bool:
    """Whether there is a mail server for the system's own mail."""
    return (await install_settings.read(store)).sealed_mail is not None


def missing() -> ConflictError:
    """There is none."""
    return ConflictError("system_mail_missing", "there is no mail server for the system's own mail: set system_mail")


async def send_notice(
    pool: Pool,
    keyring: Keyring,
    environment: Mapping[str, Any],
    to: str,
    notice: Notice,
    names: Names | None = None,
) -> Trial:
    """Send one mail now, at most half a minute long. It costs no credit and is in no record of messages.

    ``names``: the look-ups of all mails of a process.

    Raises:
        InvalidRecipient: ``to`` is no address.
        ConflictError: there is no mail server, or its configuration cannot be used.
    """
    recipient = normalise_email(to)
    stored = await install_settings.read(pool)
    if stored.sealed_mail is None:
        raise missing()
    try:
        raw = install_settings.open_mail(keyring, stored.sealed_mail)
        config = parse_config("smtp", Channel.EMAIL, raw)
    except (KeyringError, InvalidGatewayConfig) as error:
        raise ConflictError("system_mail_unusable", f"the mail server cannot be used: {error}") from None
    branding = effective(environment, stored.settings).branding
    uid = new_page_id()
    message = Outbound(
        uid,
        Channel.EMAIL,
        recipient,
        str(uid),
        text_of(notice, branding),
        notice.subject,
        html_of(notice, branding),
        None if raw.get("from_name") else branding.product_name,
    )
    outside = GatewayConnections.open(SandboxInbox(pool), names=names).of("the system's mail")
    return await send_through("smtp", config, outside, message)


async def try_notice(
    pool: Pool,
    keyring: Keyring,
    environment: Mapping[str, Any],
    to: str,
    notice: Notice,
    names: Names | None = None,
) -> str:
    """Send one mail now, as ``send_notice`` does. Returns why it needs another try; "": it needs none."""
    try:
        trial = await send_notice(pool, keyring, environment, to, notice, names)
    except InvalidRecipient:
        return ""
    except ConflictError as error:
        return error.message
    return "" if trial.outcome in _ENDED else trial.code or trial.outcome
