"""The SMTP server that takes every mail and delivers it to memory."""

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from openmai.demo.mailbox.store import MOST_BYTES, MessageStore


class _Keep:
    def __init__(self, store: MessageStore) -> None:
        self._store = store

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        content = envelope.content
        message = content.encode() if isinstance(content, str) else content or b""
        recipients = [str(address) for address in envelope.rcpt_tos]
        self._store.add(sender=envelope.mail_from or "", recipients=recipients, message=message)
        return "250 kept"


def catch_mail(store: MessageStore, *, host: str, port: int) -> Controller:
    """Start catching in a thread; `.stop()` ends it."""
    controller = Controller(
        _Keep(store), hostname=host, port=port, data_size_limit=MOST_BYTES, ready_timeout=10
    )
    controller.start()
    return controller
