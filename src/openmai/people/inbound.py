"""Mail that comes in over SMTP: one mailbox, one recipient, a size limit; `accept_mail` judges what it says.

The sending server is told only whether the mail was taken, never what it proved: a bounce would tell the
employer's mail system. The member is told, on the page and at the personal address.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import connections

from openmai.people.actions import accept_mail
from openmai.people.signed_mail import MAX_BYTES, MailRefused
from openmai.people.txt_records import DnsUnavailable, LookUp
from openmai.platform.config import Listen

TIMEOUT_SECONDS: Final = 60
AT_ONCE: Final = 8
MAX_CONNECTIONS: Final = 100
TAKEN: Final = "250 2.0.0 Taken"
LATER: Final = "451 4.3.0 Try again later"
_LIMITS: Final = {"MAIL": 5, "RCPT": 5, "DATA": 5, "*": 20}

logger = logging.getLogger(__name__)


class Mailbox:
    """aiosmtpd's handler: takes mail for `address` and nobody else."""

    def __init__(self, *, address: str, look_up: LookUp, clock: Callable[[], datetime]) -> None:
        self._address = address.lower()
        self._look_up = look_up
        self._clock = clock
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient at a time"
        if address.lower() != self._address:
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        if not isinstance(content, bytes):
            return "554 5.6.0 Not understood"
        async with self._gate:
            return await asyncio.to_thread(self._judge, content)

    async def handle_exception(self, error: Exception) -> str:
        logger.error("a mail could not be handled", exc_info=error)
        return LATER

    def _judge(self, raw: bytes) -> str:
        try:
            accept_mail(raw=raw, now=self._clock(), look_up=self._look_up)
        except MailRefused:
            return TAKEN
        except DnsUnavailable:
            return LATER
        finally:
            # The thread may never be used again, and nobody would close its connection.
            connections.close_all()
        return TAKEN


async def listen(mailbox: Mailbox, where: Listen, *, hostname: str) -> asyncio.Server:
    """Start to listen; the server is the caller's to close. Raises `OSError` if the port is taken."""
    loop = asyncio.get_running_loop()
    open_connections: set[SMTP] = set()

    def connect() -> asyncio.Protocol:
        smtp = _OneOf(
            open_connections,
            mailbox,
            data_size_limit=MAX_BYTES,
            hostname=hostname,
            ident="Openmai",
            timeout=TIMEOUT_SECONDS,
            command_call_limit=_LIMITS,
            auth_exclude_mechanism=["LOGIN", "PLAIN"],
            loop=loop,
        )
        return smtp

    return await loop.create_server(connect, where.host, where.port)


class _OneOf(SMTP):
    """One connection among at most `MAX_CONNECTIONS`."""

    def __init__(self, others: "set[SMTP]", *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._others = others

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if len(self._others) >= MAX_CONNECTIONS:
            transport.close()
            return
        self._others.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self in self._others:
            self._others.discard(self)
            super().connection_lost(error)
