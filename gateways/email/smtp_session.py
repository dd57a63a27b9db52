"""One connection to a mail server, and what its replies to one mail mean."""

import asyncio
import re
import ssl
from dataclasses import dataclass

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPHeloError,
    SMTPRecipientRefused,
    SMTPResponse,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from domain.messages.outcomes import Accepted, GatewayDown, Outcome, Refused, RetryLater, Unknown
from gateways.answers import clean
from gateways.email.mail_message import Letter
from gateways.email.mailbox import Mailbox
from gateways.email.smtp_replies import CLOSING, MAIL_INPUT, TOO_LARGE, error_text, refusal
from gateways.net.addresses import SocketFactory
from gateways.net.dial import Dialer
from gateways.net.failures import words_for

_QUEUED_AS = re.compile(r"\bqueued as:? (\S+)|\bid=(\S+)", re.IGNORECASE)  # Postfix, Haraka …; Exim

CONNECT_SECONDS = 20.0
"""Longest wait for the name and the connection, and then for each step until mail may be sent."""
OPEN_SECONDS = 40.0
"""Longest wait for all of that. The gateway's own time-out, which is that of a step, may be longer."""


class CannotConnect(Exception):
    """No usable connection came about: refused, no TLS, wrong credentials. Nothing was sent."""


class Stale(Exception):
    """The connection ended before the server had been given the mail, so that another one may carry it.

    ``outcome`` is what to report when there is no other.
    """

    def __init__(self, outcome: GatewayDown | RetryLater) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Server:
    """Where and how to connect. ``security`` is ``starttls``, ``tls`` or ``none``; ``timeout`` in seconds per step."""

    host: str
    port: int
    security: str
    username: str | None
    password: str | None
    helo: str
    timeout: float
    tls: ssl.SSLContext
    make_socket: SocketFactory
    dialer: Dialer


class SmtpSession:
    """A logged-in connection. Carries one mail at a time, any number one after the other."""

    def __init__(self, client: SMTP, timeout: float) -> None:
        self._client = client
        self._timeout = timeout

    @classmethod
    async def open(cls, server: Server) -> "SmtpSession":
        """Connect, secure and log in. Raises ``CannotConnect``."""
        step = min(server.timeout, CONNECT_SECONDS)
        client = SMTP(
            hostname=server.host,
            username=server.username,
            password=server.password,
            local_hostname=server.helo,
            timeout=step,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            tls_context=server.tls,
        )
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                async with asyncio.timeout(step):
                    sock = await server.dialer.dial(server.host, server.port, server.make_socket)
                await client.connect(sock=sock)  # the socket is aiosmtplib's from here, also if this fails
                if client.is_ehlo_or_helo_needed:
                    await _greet(client)
        except TimeoutError:
            client.close()
            raise CannotConnect(f"no connection within {step:g} s") from None
        except SMTPException as error:
            client.close()
            raise CannotConnect(clean(str(error))) from error
        except OSError as error:
            client.close()
            raise CannotConnect(words_for(error)) from error
        except BaseException:
            client.close()
            raise
        client.timeout = server.timeout
        return cls(client, server.timeout)

    @property
    def usable(self) -> bool:
        """Whether the server has not closed the connection, as far as is known."""
        return self._client.is_connected

    async def deliver(self, letter: Letter) -> Outcome:
        """Hand over one mail. Raises ``Stale`` if the connection ended before the mail was given away."""
        if letter.needs_smtputf8 and not self._client.supports_extension("smtputf8"):
            return Refused("smtputf8_unsupported", "the mail server takes no addresses with letters beyond ASCII")
        try:
            await self._offer(letter)
        except (SMTPServerDisconnected, SMTPTimeoutError) as error:
            self.abort()
            raise Stale(_lost(error)) from error
        except SMTPResponseException as error:
            return await self._turned_down(error)
        return await self._hand_over(letter.content)

    def close(self) -> None:
        """Say good-bye without waiting for the reply, and close."""
        if self._client.protocol is not None and self._client.is_connected:
            self._client.protocol.write(b"QUIT\r\n")
        self._client.close()

    def abort(self) -> None:
        """Close without QUIT: in the middle of a mail it would become part of it."""
        self._client.close()

    async def _offer(self, letter: Letter) -> None:
        """Get the server's leave to send: MAIL, RCPT and DATA up to its 354 (RFC 5321 §3.3)."""
        options = ["SMTPUTF8", "BODY=8BITMIME"] if letter.needs_smtputf8 else []
        encoding = "utf-8" if letter.needs_smtputf8 else "ascii"
        await self._client.mail(str(letter.sender), options=options, encoding=encoding)
        await self._name_recipient(letter.recipient, encoding)
        for mailbox in letter.cc:
            try:
                await self._name_recipient(mailbox, encoding)
            except SMTPRecipientRefused as error:
                if error.code == CLOSING:
                    raise
        reply = await self._client.execute_command(b"DATA")
        if reply.code != MAIL_INPUT:
            raise SMTPResponseException(reply.code, reply.message)

    async def _name_recipient(self, mailbox: Mailbox, encoding: str) -> None:
        try:
            await self._client.rcpt(str(mailbox), encoding=encoding)
        except SMTPRecipientRefused as error:
            if not 200 <= error.code < 300:  # 252: it will try (RFC 5321 §3.5.3); aiosmtplib knows 250 and 251
                raise

    async def _turned_down(self, error: SMTPResponseException) -> Outcome:
        if error.code == CLOSING:
            self.abort()
            raise Stale(RetryLater(None, error_text(error.code, error.message))) from error
        await self._reset()
        if isinstance(error, SMTPSenderRefused) and error.code >= 500 and error.code != TOO_LARGE:
            # The sender's address is the gateway's own: no mail will pass, to any recipient.
            return GatewayDown(error_text(error.code, error.message))
        return refusal(error.code, error.message)

    async def _reset(self) -> None:
        """Clear the envelope, so that the next mail can use the connection."""
        try:
            await self._client.rset()
        except (SMTPException, OSError):
            self.abort()

    async def _hand_over(self, content: bytes) -> Outcome:
        """Send the mail and wait for the reply to its last line.

        aiosmtplib sends the DATA command and the mail in one step, so that a lost connection would not tell which of
        the two was under way. Once the mail is being written, any loss leaves it unknown whether the final dot arrived.
        """
        protocol = self._client.protocol
        if protocol is None:
            raise Stale(GatewayDown("the connection was lost"))
        stuffed = content.replace(b"\n.", b"\n..")  # RFC 5321 §4.5.2; a mail begins with a header, never with a dot
        try:
            protocol.write(stuffed + (b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n"))
        except SMTPServerDisconnected as error:
            raise Stale(_lost(error)) from error
        try:
            reply = await protocol.read_response(timeout=self._timeout)
        except (SMTPException, OSError) as error:
            self.abort()
            return Unknown(f"no reply to the mail: {clean(str(error))}", silent=isinstance(error, TimeoutError))
        return self._verdict(reply)

    def _verdict(self, reply: SMTPResponse) -> Outcome:
        if reply.code == CLOSING:
            self.abort()
        if 200 <= reply.code < 300:
            return Accepted(_queue_id(reply.message))
        return refusal(reply.code, reply.message)


async def _greet(client: SMTP) -> None:
    """EHLO; or HELO, which is all that some servers know (RFC 5321 §3.2)."""
    try:
        await client.ehlo()
    except SMTPHeloError as error:
        if error.code == CLOSING:
            raise
        await client.helo()


def _lost(error: Exception) -> GatewayDown:
    return GatewayDown(f"the mail server was lost before it had the mail: {clean(str(error))}")


def _queue_id(message: str) -> str | None:
    """Return the server's name for the mail, or all of its words where they have no known form."""
    match = _QUEUED_AS.search(message)
    return clean((match[1] or match[2]) if match else message) or None
