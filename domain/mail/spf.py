"""SPF records (RFC 7208): one record a domain, extended for our senders by a suggestion that keeps what is there."""

from collections.abc import Iterable, Sequence

MOST_LOOKUPS = 10
"""Terms that need the DNS: a record with more of them counts as broken (§4.6.4)."""

INCLUDES = {
    "brevo": "include:spf.brevo.com",
    "mailgun": "include:mailgun.org",
    "mailjet": "include:spf.mailjet.com",
    "postmark": "include:spf.mtasv.net",
    "sendgrid": "include:sendgrid.net",
    "ses": "include:amazonses.com",
}
"""By type of gateway, the term by which its provider wants to be allowed. Others send under a domain of their own."""

_VERSION = "v=spf1"
_USUAL = ("a", "mx")
_LONGEST = 2000


def is_spf(text: str) -> bool:
    """Whether a TXT record is one of SPF."""
    return text.lower() == _VERSION or text[: len(_VERSION) + 1].lower() == f"{_VERSION} "


def terms(text: str) -> list[str]:
    """A record's terms, without its version."""
    return text[:_LONGEST].split()[1:]


def lacks(text: str, needed: Iterable[str]) -> list[str]:
    """Which of the needed terms a record does not have."""
    there = {term.lower().removeprefix("+") for term in terms(text)}
    return [term for term in needed if term.lower() not in there]


def merged(found: Sequence[str], needed: Sequence[str]) -> str:
    """The one record to enter in place of all that were found: what they allow, and what is needed."""
    kept = list(dict.fromkeys(term for text in found for term in terms(text))) or list(_USUAL)
    ends = [term for term in kept if _name(term) in ("all", "redirect")]
    own = [term for term in kept if term not in ends]
    new = [term for term in needed if term.lower() not in {one.lower().removeprefix("+") for one in own}]
    # `redirect` counts only without `all` (§6.1).
    end = next((term for term in ends if _name(term) == "all"), ends[0] if ends else "~all")
    return " ".join([_VERSION, *own, *new, end])


def lookups(text: str) -> tuple[int, list[str]]:
    """How many terms of a record need the DNS, and the domains whose records count as well."""
    count = 0
    others: list[str] = []
    for term in terms(text):
        name = _name(term)
        if name in ("include", "redirect", "a", "mx", "ptr", "exists"):
            count += 1
        if name in ("include", "redirect"):
            others.append(term.lstrip("+-~?").replace("=", ":", 1).partition(":")[2].lower().rstrip("."))
    return count, others


def _name(term: str) -> str:
    bare = term.lstrip("+-~?").lower()
    for end in (":", "=", "/"):
        bare = bare.partition(end)[0]
    return bare
