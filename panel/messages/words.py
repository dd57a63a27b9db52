"""How states, waits and outcomes are told to people. English: they are translated where they are shown."""

from panel.rendering.words import Look, _

STATES: dict[str, Look] = {
    "scheduled": Look("calm", "calendar-clock", _("Scheduled")),
    "queued": Look("calm", "clock", _("Waiting")),
    "processing": Look("accent", "loader", _("Being sent")),
    "unknown": Look("warn", "circle-help", _("Unknown")),
    "sent": Look("accent", "check", _("Sent")),
    "deferred": Look("warn", "timer", _("Delayed")),
    "rejected": Look("bad", "ban", _("Rejected")),
    "bounced": Look("bad", "undo-2", _("Bounced")),
    "undelivered": Look("bad", "circle-x", _("Undelivered")),
    "expired": Look("bad", "timer", _("Expired")),
    "failed": Look("bad", "circle-x", _("Failed")),
    "cancelled": Look("calm", "x", _("Cancelled")),
    "delivered": Look("good", "circle-check", _("Delivered")),
    "read": Look("good", "mail-open", _("Read")),
}
STATES_TOLD: dict[str, str] = {
    "scheduled": _("It waits for its time."),
    "queued": _("It waits to be sent."),
    "processing": _("It is with a gateway at this moment."),
    "unknown": _(
        "The gateway's answer was lost: it may or may not have accepted the message. It is not sent again by itself."
    ),
    "sent": _("A gateway accepted it. What happens next is reported by its provider."),
    "deferred": _("The provider is still trying to deliver it."),
    "rejected": _("It was refused, and not sent."),
    "bounced": _("The recipient's mail server refused it for good."),
    "undelivered": _("The carrier could not deliver it."),
    "expired": _("No delivery was reported in time."),
    "failed": _("No gateway could accept it."),
    "cancelled": _("It was cancelled before it was sent."),
    "delivered": _("It arrived."),
    "read": _("It arrived, and was opened."),
}

FILTERS: tuple[tuple[str, str, str], ...] = (
    ("", _("All"), ""),
    ("waiting", _("Waiting"), "scheduled,queued,processing"),
    ("sent", _("Sent"), "sent,deferred"),
    ("arrived", _("Arrived"), "delivered,read"),
    ("failed", _("Failed"), "failed,rejected,bounced,undelivered,expired"),
    ("unknown", _("Unknown"), "unknown"),
    ("cancelled", _("Cancelled"), "cancelled"),
)
"""Groups of states: as the address has them, their label, and the states."""

WAITS: dict[str, str] = {
    "schedule": _("It waits for the time for which it was scheduled."),
    "rate_slot": _("It waits for its turn: the gateway sends no faster."),
    "gateway_answer": _("The gateway was asked, and has not answered yet."),
    "gateway_breaker": _("The gateway failed several times in a row: it is tried again in a while."),
    "gateway_paused": _("The gateway is paused."),
    "gateway_quota": _("The gateway has sent all that it may today."),
    "no_gateway": _("No gateway can take it now."),
    "retry_pause": _("The last try failed: the next one follows."),
    "account_suspended": _("The account is suspended."),
    "sending_paused": _("Sending is paused."),
    "reputation_guard": _("Sending is paused, since too many messages failed or were reported."),
    "quiet_hours": _("It waits for the end of the quiet hours of its recipient."),
    "frequency_cap": _("The recipient got enough messages for now."),
    "device": _("It waits for the phone that is to send it."),
    "worker": _("No worker has taken it yet."),
}

OUTCOMES: dict[str, Look] = {
    "accepted": Look("good", "check", _("accepted it")),
    "refused": Look("bad", "ban", _("refused it")),
    "retry_later": Look("warn", "timer", _("asked to try again later")),
    "gateway_down": Look("warn", "zap-off", _("could not be reached")),
    "unknown": Look("warn", "circle-help", _("was asked, but its answer was lost")),
    "awaiting answer": Look("accent", "loader", _("was asked, and has not answered yet")),
}

RECEIPTS: dict[str, Look] = {
    "opened": Look("good", "mail-open", _("Opened")),
    "clicked": Look("good", "mouse-pointer-click", _("A link was clicked")),
    "complained": Look("bad", "triangle-alert", _("Reported as spam")),
    "unsubscribed": Look("warn", "bell", _("Unsubscribed")),
    "subscribed": Look("good", "bell", _("Subscribed again")),
    "autoresponded": Look("calm", "reply", _("Answered by a machine")),
}

CREDITS: dict[str, str] = {
    "free": _("free"),
    "pending": _("not held yet"),
    "held": _("held"),
    "captured": _("spent"),
    "released": _("given back"),
    "refunded": _("refunded"),
}


def look_of_state(state: str) -> Look:
    """A state that is new to the panel is shown by its name."""
    return STATES.get(state) or Look("calm", "info", state)


def look_of_receipt(kind: str) -> Look:
    """What a provider, or a person by a link, reported."""
    return RECEIPTS.get(kind) or look_of_state(kind)
