"""Who may be sent what, in plain Python: as docs/consent.md, receipts.md, accounts.md and reputation.md say it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.guards.guards_model import Guards, Recipient, Said

PEOPLE = {
    "ada": {
        "sms": ("+5511987654321", "+551187654321"),
        "whatsapp": ("+5511987654321", "+551187654321"),
        "email": ("Ada@example.com", "ada@example.com"),
    },
    "dan": {"sms": ("+449098790001",), "whatsapp": ("+449098790001",), "email": ("dan@example.com",)},
    "ben": {"sms": ("+4915112345678",), "whatsapp": ("+4915112345678",), "email": ("ben@example.com",)},
}
"""Their addresses, in all spellings."""
WHO = {(channel, one): name for name, of in PEOPLE.items() for channel, spellings in of.items() for one in spellings}

Address = tuple[str, str]
"""A channel and a person."""
OWN_WISH = ("opted_out", "unsubscribed")


@dataclass
class Message:
    """A message that was accepted."""

    account: int
    channel: str
    recipient: str
    purpose: str | None
    exempt: bool = False
    due: datetime | None = None
    pending: bool = False
    """Whether it is of a batch that has not come to it."""
    is_open: bool = True
    gateway: str = ""
    """The gateway that its request names."""

    @property
    def address(self) -> Address:
        return self.channel, WHO[self.channel, self.recipient]


@dataclass(frozen=True)
class Suppressed:
    reason: str
    until: datetime | None


@dataclass(frozen=True)
class Purpose:
    opt_in: bool
    transactional: bool


@dataclass
class Contact:
    """A person whom an account knows."""

    addresses: dict[str, str]
    """By channel."""
    time_zone: str | None = None
    tags: set[str] = field(default_factory=set)

    def take(self, phone: str, email: str, time_zone: str, tag: str) -> None:
        """A file has these values of theirs."""
        old = self.addresses
        whatsapp = old["whatsapp"] if old.get("whatsapp") not in (None, old.get("sms")) else phone
        self.addresses = {"sms": phone, "email": email, "whatsapp": whatsapp}
        self.time_zone = time_zone
        self.tags.add(tag)


@dataclass
class Account:
    """What is known at one account."""

    status: str = "active"
    cancels_waiting: bool = False
    asks_consent: bool = False
    purposes: dict[str, Purpose] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)
    """Purposes that were not removed."""
    suppressed: dict[Address, dict[str, Suppressed]] = field(default_factory=lambda: defaultdict(dict))
    """By spelling."""
    choices: dict[Address, list[tuple[datetime, int, str, str]]] = field(default_factory=lambda: defaultdict(list))
    """When, in which order, for which purpose, what."""
    paused: dict[Address, datetime] = field(default_factory=dict)
    no_marketing: set[Address] = field(default_factory=set)
    contacts: dict[str, Contact] = field(default_factory=dict)
    """By person."""
    guards: Guards = field(default_factory=Guards)

    def suppress(self, channel: str, recipient: str, reason: str, until: datetime | None) -> None:
        """Who is suppressed for good stays so, for the first reason."""
        rows = self.suppressed[channel, WHO[channel, recipient]]
        if recipient not in rows or rows[recipient].until is not None:
            rows[recipient] = Suppressed(reason, until)

    def end_own(self, channel: str, recipient: str, reasons: Iterable[str]) -> None:
        rows = self.suppressed[channel, WHO[channel, recipient]]
        for spelling in [one for one, row in rows.items() if row.reason in reasons]:
            del rows[spelling]

    def choose(self, channel: str, recipient: str, purpose: str, state: str, at: datetime) -> None:
        self.asks_consent = True
        known = self.choices[channel, WHO[channel, recipient]]
        known.append((at, len(known), purpose, state))

    def addresses(self, channel: str, recipient: str) -> dict[str, str]:
        """Of the person whom an address belongs to."""
        of = self.contacts.get(WHO[channel, recipient])
        return {**(of.addresses if of else {}), channel: recipient}

    def recipient_of(self, message: Message) -> Recipient:
        """As its guards see whom it is for."""
        of = self.contacts.get(message.address[1])
        counted = {message.address, *((on, message.address[1]) for on in (of.addresses if of else ()))}
        return Recipient(message.channel, message.recipient, of.time_zone if of else None, frozenset(counted))

    def is_transactional(self, purpose: str | None) -> bool:
        return purpose is None or (purpose in self.purposes and self.purposes[purpose].transactional)

    def has_topics(self) -> bool:
        """Whether its preference page shows purposes: ``marketing`` is always one of them, once it has any."""
        return bool(self.listed)


class Model:
    """The rules."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.accounts: dict[int, Account] = {}
        self.pauses: dict[tuple[int | None, str | None], bool] = {}
        """Of whom on which channel (``None``: all), and whether transactional messages are spared."""
        self.held_gateways: set[str] = set()
        """By the reputation guard."""
        self.heard: dict[str, set[int]] = defaultdict(set)
        """By gateway, its owner."""
        self.wrote: set[tuple[str, int, Address]] = set()
        """Through which gateway which account wrote to whom."""

    def refusals(self, message: Message) -> set[str]:
        """Why it must not be sent, ever: the codes that it may end with. Empty: nothing forbids it."""
        account, found = self.accounts[message.account], set()
        if message.exempt:
            return found
        rows = account.suppressed[message.address].values()
        if any(row.until is None or row.until > self.now for row in rows):
            found |= {"suppressed", "opted_out"}
        if account.asks_consent and not account.is_transactional(message.purpose):
            found |= self._unwanted(account, message)
        return found

    def _unwanted(self, account: Account, message: Message) -> set[str]:
        found, address = set(), message.address
        if address in account.no_marketing:
            found.add("marketing_opted_out")
        said = [one for one in account.choices[address] if one[2] in (message.purpose, "*") and one[3] != "pending"]
        state = max(said)[3] if said else None
        known = account.purposes.get(message.purpose or "")
        if state == "withdrawn":
            found.add("consent_withdrawn")
        elif state is None and known is not None and known.opt_in:
            found.add("no_consent")
        if account.paused.get(address, self.now) > self.now:
            found.add("paused_by_recipient")
        return found

    def guards_say(self, message: Message) -> Said:
        """What the guards of its account say at this moment."""
        account = self.accounts[message.account]
        is_owed = account.is_transactional(message.purpose)
        return account.guards.say(account.recipient_of(message), self.now, transactional=is_owed)

    def are_guards_due(self, message: Message) -> bool:
        """Whether its account has guards that may concern it."""
        of = self.accounts[message.account].guards.settings
        return of.of_all or (of.of_marketing and message.purpose is not None)

    def waits(self, message: Message, gateway: str | None) -> bool:
        """Whether it waits now, for its account or for the end of a pause, on its way through this gateway."""
        of = self.accounts[message.account]
        for (account, channel), spares in self.pauses.items():
            is_meant = account in (None, message.account) and channel in (None, message.channel)
            if is_meant and (message.purpose is not None or not spares):
                return True
        return of.status != "active" or (gateway in self.held_gateways and message.purpose is not None)

    def in_days(self, days: float) -> datetime:
        """Never at the very moment that the clock is moved to."""
        return self.now + timedelta(days=days, seconds=30)
