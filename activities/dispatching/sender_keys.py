"""What emails are sent as: checked again before they leave, and signed with their domain's key."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from domain.keyring import Keyring
from domain.mail.addresses import domain_of
from domain.messages.outbound import Outbound
from domain.messages.page import PageHeader
from domain.messages.page_content import PageContent
from gateways.email.dkim import DkimSigner
from store.accounts.sender_domains import open_key
from store.gateways.senders import SigningKey, signing_keys
from store.pool import Pool, retry_until_available

_MOST_SIGNERS = 500
"""Opened keys that a process keeps: opening one takes as long as signing some mails."""


class FromRefused(Exception):
    """A message may not leave from its address, or not any more."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class GatewaySends:
    """What a gateway sends as."""

    verified_domains: bool
    """Whether also as addresses of domains that are verified for the sender."""
    address: str
    """Its own; empty: it has none."""
    pretends: bool = False
    """Whether nothing leaves through it: it is a sandbox, which test keys use whatever their messages are from."""


class SenderAddresses:
    """The addresses that the messages of one dispatch are from."""

    def __init__(self, page: PageHeader, gateway: GatewaySends, signers: Mapping[tuple[int, str], DkimSigner]) -> None:
        self._page = page
        self._gateway = gateway
        self._signers = signers

    def apply(self, index: int, message: Outbound) -> Outbound:
        """The message with what signs it.

        Raises:
            FromRefused: its domain is no longer verified, or the gateway does not send as it.
        """
        address = message.from_address
        if address is None or address == self._gateway.address:
            return replace(message, from_address=None)
        signer = self._signers.get((self._page.account_of(index), domain_of(address)))
        if signer is None:
            reason = f"the domain of {address} is no longer verified for this account: see its DNS records"
            raise FromRefused("from_not_verified", reason)
        if not (self._gateway.verified_domains or self._gateway.pretends):
            raise FromRefused("from_not_allowed", f"the gateway sends from its own address only, not from {address}")
        return replace(message, sign=signer.sign)


class SenderKeys:
    """The keys of sender domains; one per process. Which domains are verified is read for each dispatch."""

    def __init__(self, pool: Pool, keyring: Keyring) -> None:
        self._pool = pool
        self._keyring = keyring
        self._signers: OrderedDict[tuple[int, str], DkimSigner] = OrderedDict()

    async def of(
        self, page: PageHeader, content: PageContent, indexes: Sequence[int], gateway: GatewaySends
    ) -> SenderAddresses:
        """The addresses of these messages of a page.

        Raises:
            KeyringError: a key does not open.
        """
        froms = {index: content.from_address(index) for index in indexes}
        wanted = {(page.account_of(index), domain_of(address)) for index, address in froms.items() if address}
        keys = await retry_until_available(lambda: signing_keys(self._pool, wanted)) if wanted else []
        return SenderAddresses(page, gateway, {(key.account_id, key.domain): self._signer(key) for key in keys})

    def _signer(self, key: SigningKey) -> DkimSigner:
        known = self._signers.get((key.domain_id, key.selector))
        if known is None:
            private = open_key(self._keyring, key.account_id, key.domain, key.selector, key.sealed)
            known = self._signers[key.domain_id, key.selector] = DkimSigner(key.domain, key.selector, private)
        self._signers.move_to_end((key.domain_id, key.selector))
        if len(self._signers) > _MOST_SIGNERS:
            self._signers.popitem(last=False)
        return known
