"""Outgoing mail: Django's e-mail backend puts it into the job queue, the people worker sends it over SMTP.

The queue is written in the transaction of the request: a mail leaves if, and only if, what it tells happened.
Only the people site has mail; its settings hold its `PeopleConfig` as `OPENMAI`.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from email.utils import formatdate, make_msgid
from typing import Final, cast

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import SafeMIMEText
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from openmai.platform.smtp import send

QUEUE: Final = "mail"
# Waits 4, 16, 64 … seconds: the last of seven attempts comes about an hour and a half after the first.
_RETRY: Final = RetryStrategy(max_attempts=7, exponential_wait=4)


class QueueBackend(BaseEmailBackend):
    """EMAIL_BACKEND of the people site."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Queue the messages that have a recipient; returns how many."""
        sendable = [message for message in email_messages if message.recipients()]
        for message in sendable:
            deliver.defer(
                sender=message.from_email,
                recipients=message.recipients(),
                message=b64encode(_timeless(message)).decode("ascii"),
            )
        return len(sendable)


def _timeless(message: EmailMessage) -> bytes:
    """The mail without the two headers that tell when its recipient was here; a queue can be seized."""
    mime = cast(SafeMIMEText, message.message())
    del mime["Date"], mime["Message-ID"]
    return mime.as_bytes(linesep="\r\n")


@app.task(name="mail.deliver", queue=QUEUE, retry=_RETRY)
def deliver(*, sender: str, recipients: list[str], message: str) -> None:
    """Job: hand one message (base64) to the mail server, dated as it leaves."""
    host = sender.rpartition("@")[2].rstrip(">")
    stamp = f"Date: {formatdate()}\r\nMessage-ID: {make_msgid(domain=host)}\r\n".encode("ascii")
    send(settings.OPENMAI.smtp, sender=sender, recipients=recipients, message=stamp + b64decode(message))
