"""Headers of an email that a sender may not set."""

import re

_MADE_BY_US = re.compile(
    r"from|to|cc|bcc|subject|date|message-id|reply-to|received|sender"
    r"|(content|mime|dkim|list-unsubscribe|resent|arc)(-.*)?"
    r"|authentication-results|apparently-to"
)

# Destinations of bounces and mail servers' notices. Through a shared gateway they would reach people who sent nothing,
# and the gateway would not receive its own bounces.
_BOUNCES = re.compile(r"(x-)?(return-path|errors-to|bounces?-to|envelope-(from|to))|return-receipt-to|delivered-to")

# Commands to mail services, however the email reaches them: a gateway of type smtp passes all headers on. They
# select templates, recipients, sub-accounts, IP pools and tracking, which only the gateway's owner may do.
_COMMANDS = (
    "idempotencykey",  # Brevo
    "sender.ip",
    "x-brevo-",
    "x-mailin-",
    "x-sib-",
    "x-elasticemail-",  # Elastic Email
    "x-mailersend-",
    "x-mailgun-",
    "x-mandrill-",
    "x-mc-",
    "x-mailjet-",
    "x-mj-",
    "x-ms-exchange-",  # Exchange: its verdict on a mail
    "x-msys-",  # SparkPost
    "x-sparkpost-",
    "x-pm-",  # Postmark
    "x-postmark-",
    "x-resend-",
    "x-ses-",
    "x-sendgrid-",
    "x-smtpapi",
    "x-smtp2go-",
)


def refusal(name: str) -> str | None:
    """Why a sender may not set this header; ``None``: it may."""
    lower = name.lower()
    if _MADE_BY_US.fullmatch(lower):
        return f"the header {name!r} is set by xsender: leave it out"
    if _BOUNCES.fullmatch(lower):
        return f"the header {name!r} directs bounces, which the gateway decides: leave it out"
    if lower.startswith(_COMMANDS):
        return f"the header {name!r} is a command to a mail service: leave it out, or configure the gateway"
    return None
