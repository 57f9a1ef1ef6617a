"""The mails of the invented members: the code that comes, and the signed mail that goes.

The mail stays in this process (Django's locmem backend): nobody would want to read hundreds of them in the
demo's mailbox.
"""

import re
from base64 import b64encode
from datetime import datetime
from hashlib import sha256
from typing import Final, cast

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.core import mail

from openmai.demo.companies import SELECTOR

BACKEND: Final = "django.core.mail.backends.locmem.EmailBackend"
_CODE: Final = re.compile(r"\b[0-9]{8}\b")
_SIGNED: Final = (b"from", b"to", b"subject", b"date", b"message-id")


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


def sign_as_of(message: bytes, *, domain: str, pem: bytes, made: datetime) -> bytes:
    """`message` (CRLF) with the DKIM signature (RFC 6376, relaxed/simple) that it would have got at `made`.

    dkimpy, which the people site verifies with, signs with the time of the machine only.
    """
    head, _, body = message.partition(b"\r\n\r\n")
    digest = b64encode(sha256(body.rstrip(b"\r\n") + b"\r\n").digest()).decode()
    tags = {
        "v": "1",
        "a": "rsa-sha256",
        "c": "relaxed/simple",
        "d": domain,
        "s": SELECTOR,
        "t": str(int(made.timestamp())),
        "h": b":".join(_SIGNED).decode(),
        "bh": digest,
        "b": "",
    }
    unsigned = b"DKIM-Signature: " + "; ".join(f"{name}={value}" for name, value in tags.items()).encode()
    fields = dict(_relaxed(field) for field in _unfolded(head))
    signed = b"".join(name + b":" + fields[name] + b"\r\n" for name in _SIGNED)
    key = cast(RSAPrivateKey, load_pem_private_key(pem, password=None))
    signature = key.sign(signed + b":".join(_relaxed(unsigned)), PKCS1v15(), SHA256())
    return unsigned + b64encode(signature) + b"\r\n" + message


def _unfolded(head: bytes) -> list[bytes]:
    return re.sub(rb"\r\n(?=[ \t])", b"", head).split(b"\r\n")


def _relaxed(field: bytes) -> tuple[bytes, bytes]:
    """Name and value of a header field in the relaxed form (RFC 6376, section 3.4.2)."""
    name, _, value = field.partition(b":")
    return name.strip().lower(), re.sub(rb"[ \t]+", b" ", value).strip()
