"""Type ``smtp``: email through any mail server (RFC 5321, submission RFC 6409)."""

from dataclasses import replace
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from domain.messages.outbound import Outbound
from domain.messages.outcomes import GatewayDown, Outcome, Refused
from gateways.background import in_background
from gateways.base import GatewayConfig, GatewayConnections, UnfitMessage
from gateways.config.fields import HeaderText, HostName, MailboxText, Secret
from gateways.email.dkim import DkimSigner, load_key
from gateways.email.mail import is_large
from gateways.email.mail_message import Letter, write_letter
from gateways.email.mailbox import parse_mailbox
from gateways.email.smtp_pool import SmtpPool
from gateways.email.smtp_session import CannotConnect, Server, Stale
from gateways.net.addresses import SMTP_PORTS, private_too, public_only
from gateways.net.tls import client_context

_USUAL_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def _ascii(text: str) -> str:
    if not text.isascii():
        raise ValueError("must be ASCII")
    return text


def _private_key(text: str) -> str:
    load_key(text)
    return text


DnsName = Annotated[str, Field(max_length=253, pattern=r"^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$")]


class SmtpConfig(GatewayConfig):
    """A mail server and the address we send from."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"password", "dkim_private_key"})
    DESTINATION: ClassVar[frozenset[str]] = frozenset(
        {"host", "port", "security", "validate_certs", "allow_private_network"}
    )

    host: HostName
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """``None``: 587 with STARTTLS, 465 with TLS, 25 without."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: Annotated[str, Field(min_length=1, max_length=320)] | None = None
    password: Secret | None = None
    from_address: MailboxText
    from_name: HeaderText | None = None
    helo: Annotated[HostName, AfterValidator(_ascii)] | None = None
    """Name we greet the server with. ``None``: the domain of ``from_address``."""
    connections: Annotated[int, Field(ge=1, le=50)] = 4
    timeout: Annotated[float, Field(gt=0, le=600)] = 30.0
    """Seconds for each step of the dialogue."""
    dkim_selector: DnsName | None = None
    dkim_private_key: Annotated[str, Field(max_length=16_384), AfterValidator(_private_key)] | None = None
    """PEM, RSA or Ed25519."""
    dkim_domain: DnsName | None = None
    """``None``: the domain of ``from_address``."""
    validate_certs: bool = True
    allow_private_network: bool = False

    @model_validator(mode="after")
    def _credentials_fit(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together")
        if self.password is not None and self.security == "none":
            raise ValueError("a password is only sent over an encrypted connection; use starttls or tls")
        return self

    @model_validator(mode="after")
    def _dkim_is_whole(self) -> Self:
        if (self.dkim_selector is None) != (self.dkim_private_key is None):
            raise ValueError("dkim_selector and dkim_private_key belong together")
        if self.dkim_domain is not None and self.dkim_selector is None:
            raise ValueError("dkim_domain needs dkim_selector and dkim_private_key")
        return self


class SmtpGateway:
    """Sends over a few reused connections. Mail servers do not dedupe."""

    dedupes = False

    def __init__(self, config: SmtpConfig, outside: GatewayConnections) -> None:
        self._sender, self._name = config.from_address, config.from_name
        domain = parse_mailbox(self._sender).domain
        self._pool = SmtpPool(_server(config, domain, outside), config.connections)
        self._dkim: DkimSigner | None = None
        if config.dkim_selector and config.dkim_private_key:
            self._dkim = DkimSigner(config.dkim_domain or domain, config.dkim_selector, config.dkim_private_key)

    async def send(self, message: Outbound) -> Outcome:
        """Send one message as one mail to its recipient, and those in its Cc."""
        try:
            letter = await in_background(self._write, message) if is_large(message) else self._write(message)
        except UnfitMessage as error:
            return Refused(error.code, str(error))
        try:
            return await self._send(letter)
        except CannotConnect as error:
            return GatewayDown(f"could not use the mail server: {error}")
        except Stale as error:
            return error.outcome

    async def aclose(self) -> None:
        """Close the connections."""
        await self._pool.aclose()

    def _write(self, message: Outbound) -> Letter:
        letter = write_letter(message, self._sender, self._name)
        sign = message.sign or (self._dkim.sign if self._dkim else None)
        return replace(letter, content=sign(letter.content)) if sign else letter

    async def _send(self, letter: Letter) -> Outcome:
        try:
            async with self._pool.session() as (session, used):
                return await session.deliver(letter)
        except Stale:
            if not used:
                raise
        # A kept connection had died in the meantime, before it got the mail: no reason to call the server down.
        async with self._pool.session(fresh=True) as (session, _):
            return await session.deliver(letter)


def _server(config: SmtpConfig, domain: str, outside: GatewayConnections) -> Server:
    return Server(
        host=config.host,
        port=config.port or _USUAL_PORTS[config.security],
        security=config.security,
        username=config.username,
        password=config.password,
        helo=config.helo or domain,
        timeout=config.timeout,
        tls=client_context(verify=config.validate_certs),
        make_socket=private_too if config.allow_private_network else public_only(SMTP_PORTS),
        dialer=outside.dialer,
    )
