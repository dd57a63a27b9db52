"""What an account is filled with: people of addresses that nobody has, and what is done with them."""

from typing import Any

GROUP = "Sample contacts"
TAG = "sample"
SEGMENT, TEMPLATE, AUTOMATION = "sample-in-germany", "sample-welcome", "sample-welcome"
"""Keys; the next free one if the account has such a key."""

_PEOPLE = (
    ("Ada", "Lovelace", "GB", "en"),
    ("Emmy", "Noether", "DE", "de"),
    ("Konrad", "Zuse", "DE", "de"),
    ("Grace", "Hopper", "US", "en"),
    ("Katherine", "Johnson", "US", "en"),
    ("Sophie", "Germain", "FR", "fr"),
    ("Maryam", "Mirzakhani", "US", "en"),
    ("Alan", "Turing", "GB", "en"),
)
_LINE = "+1415555{}"
"""Numbers 0100 to 0199 of an area code are given to nobody; neither are mailboxes of example.com."""

CONTACTS: tuple[dict[str, Any], ...] = tuple(
    {
        "email": f"{first.lower()}.{last.lower()}@example.com",
        "phone": _LINE.format(f"{number:04d}"),
        "first_name": first,
        "last_name": last,
        "country": country,
        "language": language,
        "tags": [TAG],
    }
    for number, (first, last, country, language) in enumerate(_PEOPLE, 180)
)
CONDITION: dict[str, Any] = {"field": "contact.country", "op": "eq", "value": "DE"}
SEGMENT_NAME, TEMPLATE_NAME = "Sample: in Germany", "Sample: welcome"
HELLO = "Hello {{ contact.first_name | default: 'there' }}, good to have you here!"
DRAFT: dict[str, Any] = {
    "name": TEMPLATE_NAME,
    "email": {"en": {"subject": "Welcome", "text": HELLO}},
    "sms": {"en": {"message": HELLO}},
}


def flow(key: str) -> dict[str, Any]:
    """A draft of an automation that greets somebody, and asks again after two days."""
    again = "How do you like it so far?"
    return {
        "schema": "xsender.flow/1",
        "key": key,
        "name": "Sample: welcome",
        "trigger": {"kind": "manual"},
        "steps": [
            {"id": "hello", "kind": "send", "channel": "sms", "content": {"body": HELLO}},
            {"id": "pause", "kind": "wait", "for": "2d"},
            {"id": "again", "kind": "send", "channel": "email", "content": {"subject": again, "body": HELLO}},
        ],
    }
