"""The members' mailboxes: a real SMTP server that keeps every mail until its reader takes it."""

from collections import defaultdict
from email import message_from_bytes
from email.policy import SMTP as SMTP_POLICY
from queue import Queue
from threading import Lock

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Mailbox:
    """Mails by recipient, in the order of their arrival."""

    def __init__(self, port: int) -> None:
        self._lock = Lock()
        self._mails: defaultdict[str, Queue[str]] = defaultdict(Queue)
        self._controller = Controller(self, hostname="127.0.0.1", port=port, ready_timeout=20)

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        content = envelope.content
        message = message_from_bytes(
            content if isinstance(content, bytes) else str(content).encode(), policy=SMTP_POLICY
        )
        body = message.get_body(("plain",))
        text = body.get_content() if body is not None else ""
        for recipient in envelope.rcpt_tos:
            self._of(recipient).put(text)
        return "250 kept"

    def take(self, recipient: str) -> str:
        """The next mail to `recipient`; waits for it."""
        return self._of(recipient).get(timeout=60)

    def _of(self, recipient: str) -> "Queue[str]":
        with self._lock:
            return self._mails[recipient.lower()]
