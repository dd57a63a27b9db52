"""The shape of each kind of trigger."""

from collections.abc import Sequence

from domain.automations.cron import cron_fault
from domain.automations.definition import triggers
from domain.automations.definition.limits import MAX_WAIT
from domain.automations.shapes.common import (
    AUDIENCE,
    CHANNEL,
    CLOCK,
    CONTACT_FIELD,
    EVENT,
    KEY,
    KEYWORD,
    TRIGGER_MATCH,
    ZONE,
)
from domain.automations.shapes.containers import Kinds, ListOf, MapOf, Named, Object
from domain.automations.shapes.lengths import Offset
from domain.automations.shapes.notes import Shape
from domain.automations.shapes.scalars import Checked, Choice, Flag, Plain, Text

_PATH = Text(
    500, r"(/[^/]*)*|[^/.]+(\.[^/.]+)*", "a JSON pointer, such as /customer/email, or a path with dots", least=0
)
_FIELD = Text(50, "[a-z][a-z0-9_]{0,49}", "the name of a contact's field")
_MAP = Object(
    triggers.BodyMap,
    {
        "email": _PATH,
        "phone": _PATH,
        "whatsapp": _PATH,
        "external_id": _PATH,
        "fields": MapOf(CONTACT_FIELD, _PATH, 100),
        "event": MapOf(Text(100), _PATH, 100),
    },
)
_EVENTS_OF_MESSAGES = (
    *("sent", "delivered", "read", "opened", "clicked", "bounced", "complained", "undelivered", "unsubscribed"),
)
_NAME = Text(100)
_ON = Choice(["added", "removed"])
_CRON = Checked(
    Text(100, "[0-9*,/A-Za-z-]+( [0-9*,/A-Za-z-]+){4}", "five fields, such as 0 9 * * mon-fri"), cron_fault, "cron"
)


def _kind(make: type[triggers.Trigger], members: dict[str, Shape], required: Sequence[str] = ()) -> tuple[str, Object]:
    return make.kind, Object(make, {"kind": Text(20)} | members, ["kind", *required])


_KINDS: dict[str, Object] = dict(
    [
        _kind(triggers.Webhook, {"hook": KEY, "map": _MAP}, ["hook"]),
        _kind(triggers.OnEvent, {"event": EVENT, "match": TRIGGER_MATCH}, ["event"]),
        _kind(triggers.Lead, {"source": ListOf(KEY, 50)}),
        _kind(
            triggers.OnMessage,
            {"event": Choice(_EVENTS_OF_MESSAGES), "channel": CHANNEL, "match": TRIGGER_MATCH},
            ["event"],
        ),
        _kind(triggers.Inbound, {"channel": CHANNEL, "keywords": ListOf(KEYWORD, 50), "gateway": Text(200)}),
        _kind(triggers.OnTag, {"name": _NAME, "on": _ON}, ["name"]),
        _kind(triggers.OnGroup, {"name": _NAME, "on": _ON}, ["name"]),
        _kind(triggers.OnField, {"field": _FIELD, "from": Plain(), "to": Plain()}, ["field"]),
        _kind(
            triggers.OnDate,
            {"field": _FIELD, "offset": Offset(MAX_WAIT, "hdw"), "at": CLOCK, "yearly": Flag()},
            ["field"],
        ),
        _kind(triggers.Schedule, {"cron": _CRON, "timezone": ZONE, "audience": AUDIENCE}, ["cron", "audience"]),
        _kind(triggers.Manual, {}),
    ]
)
TRIGGER = Named("trigger", lambda: Kinds(_KINDS))
