"""A mail from an employee's work address, as the employer's mail server would send it: signed with DKIM."""

import smtplib
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

from openmai.demo.dkim_signer import sign_message
from openmai.platform.config import Listen


class NotDelivered(Exception):
    """The people site's mail server refused the mail, or could not be reached; the text is its answer."""


def compose(*, sender: str, to: str, subject: str, text: str, now: datetime, token: str) -> bytes:
    """An unsigned message (RFC 5322, CRLF). `token` makes the Message-ID unique."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{token}@{sender.rpartition('@')[2]}>"
    message.set_content(text)
    return message.as_bytes()


def signed_by_employer(message: bytes, *, domain: str, keys: Path, now: datetime) -> bytes:
    """The message with the DKIM signature of `domain`, whose key lies in the folder `keys`."""
    return sign_message(message, domain=domain, pem=(keys / f"{domain}.pem").read_bytes(), made=now)


def submit(
    message: bytes,
    *,
    sender: str,
    to: str,
    server: Listen,
    connect: Callable[..., smtplib.SMTP] = smtplib.SMTP,
) -> None:
    """Hand the mail to the people site's listener over SMTP; raises `NotDelivered`."""
    try:
        with connect(server.host, server.port, timeout=10) as smtp:
            smtp.sendmail(sender, [to], message)
    except smtplib.SMTPRecipientsRefused as error:
        raise NotDelivered(*(_words(answer) for answer in error.recipients.values())) from error
    except smtplib.SMTPResponseException as error:
        raise NotDelivered(_words((error.smtp_code, error.smtp_error))) from error
    except (smtplib.SMTPException, OSError) as error:
        raise NotDelivered(str(error)) from error


def _words(answer: tuple[int, bytes | str]) -> str:
    code, text = answer
    return f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"
