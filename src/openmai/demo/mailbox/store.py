"""Caught messages, in memory, the oldest dropped when there are too many."""

import email
import email.policy
import threading
from collections import OrderedDict
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Final

MOST_MESSAGES: Final = 500
MOST_BYTES: Final = 1_000_000


@dataclass(frozen=True)
class CaughtMessage:
    """One mail as it arrived; `number` counts up from 1, `text` is its plain body."""

    number: int
    recipients: tuple[str, ...]
    sender: str
    subject: str
    text: str


class MessageStore:
    """Written by the SMTP thread, read by the page's threads."""

    def __init__(self, most: int = MOST_MESSAGES) -> None:
        self._most = most
        self._last = 0
        self._messages: OrderedDict[int, CaughtMessage] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, *, sender: str, recipients: list[str], message: bytes) -> CaughtMessage:
        """Keep a message (RFC 5322 bytes)."""
        parsed = email.message_from_bytes(message, policy=email.policy.default)
        with self._lock:
            self._last += 1
            caught = CaughtMessage(
                number=self._last,
                recipients=tuple(address.lower() for address in recipients),
                sender=sender,
                subject=str(parsed["Subject"] or ""),
                text=_plain_text(parsed),
            )
            self._messages[caught.number] = caught
            while len(self._messages) > self._most:
                self._messages.popitem(last=False)
        return caught

    def get(self, number: int) -> CaughtMessage | None:
        with self._lock:
            return self._messages.get(number)

    def by_recipient(self) -> dict[str, list[CaughtMessage]]:
        """Recipient → messages, newest first; whoever got the newest mail stands first."""
        with self._lock:
            newest_first = list(reversed(self._messages.values()))
        boxes: dict[str, list[CaughtMessage]] = {}
        for message in newest_first:
            for recipient in message.recipients:
                boxes.setdefault(recipient, []).append(message)
        return boxes


def _plain_text(message: EmailMessage) -> str:
    body = message.get_body(preferencelist=("plain", "html"))
    return str(body.get_content()).strip() if body is not None else ""
