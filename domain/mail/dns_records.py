"""The DNS records of a sender domain: what to enter, and what to say about what was found."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from domain.mail.sender_domains import DKIM_HOST, DMARC_HOST, OWNERSHIP_HOST, Checked, RecordState
from domain.mail.spf import MOST_LOOKUPS, is_spf, lacks, merged

OWNERSHIP = "ownership"
DKIM = "dkim"
DKIM_NEXT = "dkim_next"
SPF = "spf"
DMARC = "dmarc"

DMARC_VALUE = "v=DMARC1; p=none; adkim=r; aspf=r"
"""To begin with: receivers check, and change nothing."""

_OWNERSHIP_START = "xsender-verification="
_STRING = 255
"""Bytes of one string of a TXT record (RFC 1035 §3.3.14)."""
_MOST_SHOWN = 5
_LONGEST_SHOWN = 600
_UNPRINTABLE = re.compile(r"[^ -~]")


@dataclass(frozen=True, slots=True)
class Record:
    """A TXT record to be entered."""

    purpose: str
    name: str
    value: str
    is_required: bool

    @property
    def strings(self) -> list[str]:
        """The value in pieces, for DNS services that take no more than 255 characters at a time."""
        return [self.value[at : at + _STRING] for at in range(0, len(self.value), _STRING)]


def ownership_record(domain: str, token: str) -> Record:
    """What proves that the account may change the domain's records."""
    return Record(OWNERSHIP, f"{OWNERSHIP_HOST}.{domain}", f"{_OWNERSHIP_START}{token}", True)


def dkim_record(domain: str, selector: str, public: str, *, is_next: bool = False) -> Record:
    """The public half of the key that mails are signed with."""
    purpose = DKIM_NEXT if is_next else DKIM
    return Record(purpose, f"{selector}.{DKIM_HOST}.{domain}", f"v=DKIM1; k=rsa; p={public}", not is_next)


def spf_record(domain: str, needed: Sequence[str]) -> Record:
    """What allows our providers' servers, for a domain without such a record."""
    return Record(SPF, domain, merged([], needed), False)


def dmarc_record(domain: str) -> Record:
    """What receivers are to do with mails that prove nothing."""
    return Record(DMARC, f"{DMARC_HOST}.{domain}", DMARC_VALUE, False)


def check_ownership(record: Record, found: Sequence[str]) -> Checked:
    """Other accounts, too, may have their records at this name."""
    if any(text.strip().lower() == record.value for text in found):
        return Checked(record.purpose, RecordState.FOUND, "the record is there", shown(found))
    ours = [text for text in found if text.strip().lower().startswith(_OWNERSHIP_START)]
    if not ours:
        return missing(record, found)
    message = f"the record at {record.name} has another value: copy the whole value, or add it beside the other one"
    return Checked(record.purpose, RecordState.DIFFERENT, message, shown(ours))


def check_dkim(record: Record, found: Sequence[str]) -> Checked:
    """RFC 6376 §3.6.1. Of several records receivers take any (§3.6.2.2), so there must be one."""
    keys = [text for text in found if "p" in tags(text)]
    if not keys:
        return missing(record, found)
    if len(keys) > 1:
        message = f"there are several keys at {record.name}: keep only this one"
    else:
        message = _wrong_key(tags(keys[0]), tags(record.value)["p"], record.name)
    state = RecordState.DIFFERENT if message else RecordState.FOUND
    return Checked(record.purpose, state, message or "the record is there", shown(keys))


def _wrong_key(given: dict[str, str], public: str, name: str) -> str:
    if given["p"] == "":
        return f"the key at {name} is revoked, its p= is empty: enter the whole value"
    if given["p"] != public:
        cut = public.startswith(given["p"])
        return f"the key at {name} is {'cut off' if cut else 'another one'}: copy the whole value"
    if given.get("v", "DKIM1") != "DKIM1" or given.get("k", "rsa").lower() != "rsa":
        return f"the record at {name} must begin with v=DKIM1; k=rsa;"
    if "sha256" not in given.get("h", "sha256").lower().split(":"):
        return f"h= in the record at {name} forbids SHA-256: leave it out"
    if not {"*", "email"} & set(given.get("s", "*").lower().split(":")):
        return f"s= in the record at {name} forbids email: leave it out"
    return ""


def check_spf(record: Record, found: Sequence[str], needed: Sequence[str], count: int) -> Checked:
    """``count``: look-ups that receivers make for the suggested record."""
    there = [text for text in found if is_spf(text)]
    value = merged(there, needed)
    many = f"; it needs {count} look-ups, and receivers make {MOST_LOOKUPS}" if count > MOST_LOOKUPS else ""
    if not there:
        return Checked(
            SPF, RecordState.MISSING, f"there is no SPF record at {record.name}: enter this one{many}", [], value
        )
    if len(there) > 1:
        message = f"there are {len(there)} SPF records, which receivers take as an error: keep this one alone{many}"
        return Checked(SPF, RecordState.DIFFERENT, message, shown(there), value)
    if absent := lacks(there[0], needed):
        message = f"the SPF record lacks {' '.join(absent)}: change it to this one, do not add a second{many}"
        return Checked(SPF, RecordState.DIFFERENT, message, shown(there), value)
    return Checked(SPF, RecordState.FOUND, f"the record is there{many}", shown(there), there[0][:_LONGEST_SHOWN])


def check_dmarc(record: Record, found: Sequence[str], at: str) -> Checked:
    """``at``: where it was found; that of a parent counts for all domains below it."""
    there = [text for text in found if tags(text).get("v") == "DMARC1"]
    if not there:
        return missing(record, found)
    if len(there) > 1:
        message = f"there are {len(there)} DMARC records at {at}, which receivers ignore: keep only one"
        return Checked(DMARC, RecordState.DIFFERENT, message, shown(there))
    if tags(there[0]).get("p", "").lower() not in ("none", "quarantine", "reject"):
        message = f"the DMARC record at {at} has no policy p=none, p=quarantine or p=reject"
        return Checked(DMARC, RecordState.DIFFERENT, message, shown(there))
    where = "there" if at == record.name else f"at {at}, which is enough"
    return Checked(DMARC, RecordState.FOUND, f"the record is {where}", shown(there))


def missing(record: Record, found: Sequence[str] = ()) -> Checked:
    """There is no such record."""
    beside = ", only others" if found else ""
    message = f"there is no such TXT record at {record.name}{beside}: enter it; changes may take hours to be seen"
    return Checked(record.purpose, RecordState.MISSING, message, shown(found))


def unanswered(record: Record, why: str) -> Checked:
    """The DNS did not say whether there is one."""
    message = f"the DNS did not answer for {record.name} ({why}): this proves nothing, it is asked again later"
    return Checked(record.purpose, RecordState.UNANSWERED, message)


def tags(text: str) -> dict[str, str]:
    """A list of tags such as ``v=DKIM1; p=…``; spaces within values do not count. Of repeated ones the first."""
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            found.setdefault(name.strip().lower(), re.sub(r"\s+", "", value))
    return found


def shown(found: Sequence[str]) -> list[str]:
    """What was found, as far as it can be shown."""
    return [_UNPRINTABLE.sub("?", text[:_LONGEST_SHOWN]) for text in found[:_MOST_SHOWN]]
