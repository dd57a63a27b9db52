"""What types of gateway, and the fields of their forms, are called. English: it is translated where it is shown."""

from panel.rendering.words import Look, _

TYPES: dict[str, tuple[str, str]] = {
    "smtp": (_("SMTP server"), _("A mail server of yours, or of any provider.")),
    "sendgrid": ("SendGrid", _("Email by its API.")),
    "resend": ("Resend", _("Email by its API.")),
    "mailjet": ("Mailjet", _("Email by its API.")),
    "sparkpost": ("SparkPost", _("Email by its API.")),
    "ses": ("Amazon SES", _("Email from an AWS account.")),
    "mailgun": ("Mailgun", _("Email by its API.")),
    "postmark": ("Postmark", _("Email by its API.")),
    "brevo": ("Brevo", _("Email by its API.")),
    "twilio": ("Twilio", _("A number, or a messaging service.")),
    "vonage": ("Vonage", _("A number, or a sender's name.")),
    "infobip": ("Infobip", _("A number, or a sender's name.")),
    "plivo": ("Plivo", _("A number, or a sender's name.")),
    "messagebird": ("MessageBird", _("A number, or a sender's name.")),
    "smpp": ("SMPP", _("A direct connection to a carrier.")),
    "android": (_("Android phones"), _("Your own phones and their SIM cards.")),
    "smsgate": ("SMS Gate", _("Phones that are connected to an SMS Gate server.")),
    "whatsapp_cloud": (_("WhatsApp Cloud API"), _("A business number at Meta.")),
    "evolution": ("Evolution API", _("A paired number on a server of your own.")),
    "waha": ("WAHA", _("A paired number on a server of your own.")),
    "http": (_("Any HTTP API"), _("Another provider: you describe the request.")),
    "sandbox": (_("Sandbox"), _("For trials: nothing leaves this install.")),
}
ICONS = {"smtp": "server", "smpp": "radio-tower", "android": "smartphone", "smsgate": "smartphone", "http": "code"}
ICONS |= {"sandbox": "flask-conical"}
"""Of types that are not known by their channel's icon."""
CHANNEL_ICONS = {"email": "mail", "sms": "message-square", "whatsapp": "message-circle"}

FIELDS: dict[str, str] = {
    "allow_private_network": _("May reach private networks"),
    "from_address": _("From address"),
    "from_name": _("From name"),
    "from_number": _("From number or name"),
    "base_url": _("Address of the API"),
    "url": _("Address"),
    "host": _("Server"),
    "username": _("User name"),
    "password": _("Password"),
    "security": _("Encryption"),
    "validate_certs": _("Check the server's certificate"),
    "helo": _("Name in the greeting"),
    "connections": _("Connections at a time"),
    "timeout": _("Time-out in seconds"),
    "receipts": _("Delivery receipts"),
    "api_key": _("API key"),
    "api_secret": _("API secret"),
    "auth_token": _("Auth token"),
    "account_sid": _("Account SID"),
    "auth_id": _("Auth ID"),
    "messaging_service_sid": _("Messaging service SID"),
    "status_callback": _("Address for receipts"),
    "webhook_secret": _("Webhook secret"),
    "dedupes": _("Repeated requests are dropped"),
    "system_id": _("System ID"),
    "window": _("Open requests at a time"),
    "keep_alive": _("Seconds between keep-alives"),
    "valid_hours": _("Hours that a message may wait"),
    "give_back_after": _("Seconds until another gateway takes over"),
    "device_id": _("Phone"),
    "sim_number": _("SIM card"),
    "label": _("Name in the inbox"),
}
"""Those that would not read well as they are named."""

CHOICES = {"starttls": "STARTTLS", "tls": "TLS", "none": _("None"), "same": _("The same")}
CHOICES |= {"decimal": _("Decimal"), "hexadecimal": _("Hexadecimal")}
_SHORT = {"id": "ID", "url": "URL", "dkim": "DKIM", "arn": "ARN", "sid": "SID", "api": "API", "hmac": "HMAC"}

STATES: dict[str, Look] = {
    "active": Look("good", "circle-check", _("Working")),
    "failing": Look("bad", "zap-off", _("Failing")),
    "trying": Look("warn", "loader", _("Being tried again")),
    "draining": Look("warn", "log-out", _("Draining")),
    "paused": Look("warn", "circle-pause", _("Paused")),
    "disabled": Look("calm", "circle-x", _("Off")),
}
STATES_TOLD: dict[str, str] = {
    "active": _("It sends, and its last answers were good."),
    "failing": _("It failed several times in a row. Messages take another gateway until it is tried again."),
    "trying": _("It had failed. The next message shows whether it works again."),
    "draining": _("It takes no new messages. What is on its way is completed."),
    "paused": _("Nothing is sent through it. Messages use another gateway, or wait."),
    "disabled": _("No message finds it."),
}
OUTCOMES: tuple[tuple[str, str], ...] = (
    ("accepted", _("Accepted")),
    ("refused", _("Refused")),
    ("retry_later", _("Delayed")),
    ("gateway_down", _("Not reached")),
    ("unknown", _("Answer lost")),
)
TRIALS: dict[str, tuple[str, str]] = {
    "accepted": ("good", _("The gateway accepted the test message")),
    "refused": ("bad", _("The gateway refused the test message")),
    "retry_later": ("warn", _("The gateway asked to try again later")),
    "gateway_down": ("bad", _("The gateway could not be reached")),
    "unknown": ("warn", _("The gateway's answer was lost")),
}


def type_name(name: str) -> str:
    """What people call a type."""
    return TYPES[name][0] if name in TYPES else name.replace("_", " ").capitalize()


def field_name(name: str) -> str:
    """The label of a field."""
    if name in FIELDS:
        return FIELDS[name]
    first, *others = [_SHORT.get(word, word) for word in name.split("_")]
    return " ".join([first if first.isupper() else first.capitalize(), *others])


def state_of(enabled: bool, mode: str, breaker: str) -> str:
    """One word for all that keeps a gateway from sending."""
    if not enabled:
        return "disabled"
    if mode != "active":
        return mode
    return {"open": "failing", "half_open": "trying"}.get(breaker, "active")


def rate_text(per_second: float | None) -> str:
    """A rate as forms take it: in the unit that makes it a whole number."""
    if per_second is None:
        return ""
    for seconds, unit in ((1, "s"), (60, "min"), (3600, "h")):
        count = per_second * seconds
        if count >= 1 and abs(count - round(count)) < 1e-6:
            return f"{round(count)}/{unit}"
    return f"{per_second:g}/s"
