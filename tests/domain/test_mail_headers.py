"""Headers that a sender may set, and those that steer servers and services on the way."""

import pytest

from domain.mail.headers import refusal


@pytest.mark.parametrize(
    "name",
    [
        *("From", "Sender", "Reply-To", "DKIM-Signature", "List-Unsubscribe-Post", "ARC-Seal", "Apparently-To"),
        *("Return-Path", "Errors-To", "X-Errors-To", "Bounces-To", "X-Envelope-From", "Return-Receipt-To"),
        *("X-SMTPAPI", "x-mailgun-variables", "X-Mailjet-Campaign", "X-MJ-CustomID", "X-MC-Subaccount", "X-PM-Tag"),
        *("X-SES-Configuration-Set", "X-MSYS-API", "X-SIB-API", "X-Mailin-Tag", "X-Resend-Tags", "sender.ip"),
        *("X-MS-Exchange-Organization-SCL", "idempotencyKey", "X-SparkPost-Sandbox"),
    ],
)
def test_what_steers_a_mail_server_or_a_mail_service_is_refused_by_name(name: str):
    reason = refusal(name)
    assert reason is not None
    assert repr(name) in reason


@pytest.mark.parametrize(
    "name",
    [
        *("X-Campaign", "X-Invoice", "References", "In-Reply-To", "Precedence", "Auto-Submitted", "Feedback-ID"),
        *("Importance", "X-Priority", "List-Id", "X-Entity-Ref-ID", "Disposition-Notification-To", "X-MC"),
        *("Organization", "X-Mailer", "X-Sesame-Id"),
    ],
)
def test_other_headers_are_the_senders(name: str):
    assert refusal(name) is None
