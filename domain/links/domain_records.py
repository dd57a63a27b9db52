"""The DNS records of a link domain: what to enter, and what to say about what was found."""

from urllib.parse import urlsplit

from domain.mail.dns_records import Record
from domain.mail.sender_domains import Checked, RecordState

ALIAS = "alias"

MOST_DOMAINS = 10
"""Link domains that an account may have."""


def target_of(public_url: str) -> str:
    """What a link domain is to be an alias of: the host of the install's public URL; empty: that is no name."""
    host = urlsplit(public_url).hostname or ""
    return "" if ":" in host or host.replace(".", "").isdigit() else host


def alias_record(domain: str, target: str) -> Record:
    """What has requests for the domain's links come here."""
    return Record(ALIAS, domain, target, True)


def check_alias(record: Record, found: str | None) -> Checked:
    """Whether the domain is an alias of the right name."""
    if found == record.value:
        return Checked(ALIAS, RecordState.FOUND, "the record is there", [found])
    if found is None:
        message = f"there is no CNAME record at {record.name}: enter it; changes may take hours to be seen"
        return Checked(ALIAS, RecordState.MISSING, message)
    message = f"the CNAME record at {record.name} leads to {found[:200]}: change it to {record.value}"
    return Checked(ALIAS, RecordState.DIFFERENT, message, [found[:200]])
