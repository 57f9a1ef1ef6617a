"""Sending over SMTP (RFC 5321); no Django, no queue."""

import smtplib
import ssl
from collections.abc import Sequence
from typing import Final

from openmai.platform.config import SmtpServer

TIMEOUT_SECONDS: Final = 20


def send(server: SmtpServer, *, sender: str, recipients: Sequence[str], message: bytes) -> None:
    """Send one message, with STARTTLS and a log-in if the server's settings say so.

    Raises `smtplib.SMTPException` or `OSError`; also when the server refuses one recipient of several.
    """
    with smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS) as smtp:
        prepare(smtp, server)
        refused = smtp.sendmail(sender, list(recipients), message)
    if refused:
        raise smtplib.SMTPRecipientsRefused(refused)


def prepare(smtp: smtplib.SMTP, server: SmtpServer) -> None:
    """Greet, encrypt and log in; after it a mail can be sent. `openmai doctor` goes this far."""
    smtp.ehlo()
    if server.starttls:
        smtp.starttls(context=ssl.create_default_context())
        smtp.ehlo()
    if server.username is not None and server.password is not None:
        smtp.login(server.username, server.password.get_secret_value())
