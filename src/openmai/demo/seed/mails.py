"""The mails that come to the invented members, and the code in them.

They stay in this process (Django's locmem backend): nobody would want to read hundreds of them in the
demo's mailbox.
"""

import re
from typing import Final

from django.core import mail

BACKEND: Final = "django.core.mail.backends.locmem.EmailBackend"
_CODE: Final = re.compile(r"\b[0-9]{8}\b")


class NoCode(Exception):
    """The newest mail holds no code."""


def read_code(address: str) -> str:
    """The code in the newest mail, which is to `address`; raises `NoCode`."""
    newest = mail.outbox[-1] if mail.outbox else None
    mail.outbox.clear()
    found = _CODE.search(str(newest.body)) if newest and newest.to == [address] else None
    if found is None:
        raise NoCode(address)
    return found.group()
