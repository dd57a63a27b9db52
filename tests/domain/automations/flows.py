"""Definitions for tests."""

from copy import deepcopy
from typing import Any

from domain.automations.definition.parsing import read_flow

CART: dict[str, Any] = {
    "schema": "xsender.flow/1",
    "key": "cart-rescue",
    "name": "Cart rescue",
    "trigger": {
        "kind": "webhook",
        "hook": "shop-cart",
        "map": {
            "email": "/customer/email",
            "phone": "customer.phone",
            "fields": {"first_name": "/customer/first_name"},
            "event": {"order_id": "/id", "total": "/total"},
        },
    },
    "entry": {
        "key": "{{ event.order_id }}",
        "filter": {"field": "event.total", "op": "gte", "value": 20},
        "re_entry": {"mode": "after_exit", "pause": "7d"},
        "on_duplicate": "ignore",
        "caps": [{"count": 3, "per": "30d"}],
    },
    "exit": [
        {
            "event": "order.paid",
            "match": {"field": "it.order_id", "op": "eq", "ref": "run.key"},
            "reason": "bought",
        },
        {"when": {"tag": "no-reminders"}},
    ],
    "goal": {"event": "order.paid", "within": "14d"},
    "settings": {
        "timezone": "contact",
        "send_window": {"days": ["mon", "tue"], "from": "09:00", "to": "20:00"},
        "cap": {"messages": 2, "per": "1d"},
        "lane": "bulk",
        "on_error": {"then": "stop"},
        "approve_above_credits": 5000,
    },
    "vars": {"discount": 10},
    "steps": [
        {"id": "wait1", "kind": "wait", "for": "1h"},
        {"id": "mail1", "kind": "send", "channel": "email", "template": "cart-1", "if_unreachable": "skip"},
        {
            "id": "opened",
            "kind": "wait_event",
            "event": "message.clicked",
            "of": "mail1",
            "timeout": "1d",
            "then": [{"id": "x1", "kind": "exit", "reason": "engaged"}],
            "else": [
                {
                    "id": "who",
                    "kind": "branch",
                    "arms": [
                        {
                            "name": "big",
                            "when": {
                                "all": [
                                    {"field": "event.total", "op": "gt", "value": 200},
                                    {"not": {"suppressed": "sms"}},
                                ]
                            },
                            "steps": [
                                {
                                    "id": "sms1",
                                    "kind": "send",
                                    "channel": "sms",
                                    "content": {"body": "Hi {{ contact.first_name | default: 'there' }}"},
                                }
                            ],
                        }
                    ],
                    "else": [
                        {
                            "id": "ab",
                            "kind": "split",
                            "by": "contact",
                            "arms": [
                                {"name": "control", "weight": 20, "steps": []},
                                {
                                    "weight": 80,
                                    "steps": [
                                        {"id": "mail2", "kind": "send", "channel": "email", "template": "cart-2"}
                                    ],
                                },
                            ],
                        }
                    ],
                }
            ],
        },
        {
            "id": "crm",
            "kind": "call",
            "url": "https://crm.example.com/leads/{{ contact.external_id }}",
            "headers": {"Authorization": {"secret": "crm-token"}, "X-Order": "{{ event.order_id }}"},
            "body": {"email": "{{ contact.email }}"},
            "timeout": "20s",
            "expect": {"status": [200, 201]},
            "save": {"crm_id": "/id"},
            "on_error": {
                "retry": {"max": 3},
                "then": "arm",
                "arm": [{"id": "n1", "kind": "emit", "event": "crm.down"}],
            },
        },
        {"id": "morning", "kind": "wait", "at": {"time": "09:30", "days": ["mon"]}, "timezone": "Europe/Berlin"},
        {"id": "later", "kind": "wait", "until": "{{ event.at }}", "offset": "-2d", "if_past": "exit", "jitter": "5m"},
        {"id": "hours", "kind": "wait", "window": {"from": "08:00", "to": "18:00"}},
        {
            "id": "tagit",
            "kind": "set",
            "fields": {"first_name": "{{ event.name }}", "orders": 3},
            "tags": {"add": ["cart-lost"]},
            "groups": {"remove": ["carts"]},
            "consent": {"channel": "email", "purpose": "marketing", "state": "withdrawn"},
        },
        {
            "id": "wa1",
            "kind": "send",
            "channel": "whatsapp",
            "content": {"media": "image", "url": "https://example.com/a.png", "message": "Look"},
            "fallback": [{"channel": "sms", "after": "10m", "content": {"message": "Hi"}}],
            "if": {"event": "message.delivered", "of": "mail1", "op": "count_gte", "value": 1, "within": "30d"},
        },
        {"id": "other", "kind": "start", "automation": "win-back", "data": {"from": "{{ run.key }}"}},
        {"id": "stops", "kind": "stop", "all": True, "reason": "bought"},
        {"id": "tell", "kind": "notify", "to": {"role": "owner"}, "message": "{{ contact.email }} left"},
        {"id": "aim", "kind": "goal", "event": "order.paid", "match": {"field": "it.total", "op": "gt", "value": 0}},
        {"id": "bye", "kind": "exit", "reason": "done"},
    ],
}

TRIGGERS: list[dict[str, Any]] = [
    {"kind": "webhook", "hook": "shop"},
    {"kind": "event", "event": "order.paid", "match": {"field": "it.total", "op": "between", "value": [1, 5]}},
    {"kind": "lead", "source": ["facebook"]},
    {"kind": "message", "event": "clicked", "channel": "email", "match": {"field": "it.url", "op": "exists"}},
    {"kind": "inbound", "channel": "sms", "keywords": ["YES"], "gateway": "main"},
    {"kind": "tag", "name": "vip", "on": "removed"},
    {"kind": "group", "name": "shop"},
    {"kind": "field", "field": "plan", "from": "free", "to": None},
    {"kind": "date", "field": "birthday", "offset": "-2d", "at": "09:00", "yearly": True},
    {"kind": "schedule", "cron": "0 9 * * mon-fri", "timezone": "account", "audience": {"tag": "vip"}},
    {"kind": "manual"},
]


def flow(*steps: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A definition with these steps."""
    made = {"schema": "xsender.flow/1", "key": "a", "name": "A", "trigger": {"kind": "manual"}, "steps": list(steps)}
    if "triggers" in members:
        del made["trigger"]
    return deepcopy(made | members)


def faults(raw: Any) -> list[tuple[str, str]]:
    """Places and codes of what is wrong with a definition."""
    return [(fault.pointer, fault.code) for fault in read_flow(raw)[1]]


def wait(id_: str, length: str = "1h", **members: Any) -> dict[str, Any]:
    """A step that waits."""
    return {"id": id_, "kind": "wait", "for": length} | members


def send(id_: str, **members: Any) -> dict[str, Any]:
    """A step that sends."""
    return {"id": id_, "kind": "send", "channel": "email", "template": "hello"} | members


def end(id_: str, **members: Any) -> dict[str, Any]:
    """A step that ends the run."""
    return {"id": id_, "kind": "exit"} | members


def branch(id_: str, *arms: list[dict[str, Any]], **members: Any) -> dict[str, Any]:
    """A step with these arms."""
    return {"id": id_, "kind": "branch", "arms": [{"when": {"tag": "a"}, "steps": arm} for arm in arms]} | members


def wait_event(id_: str, **members: Any) -> dict[str, Any]:
    """A step that waits for a click."""
    return {"id": id_, "kind": "wait_event", "event": "message.clicked", "timeout": "1d"} | members
