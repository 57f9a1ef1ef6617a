"""DKIM signatures (RFC 6376, relaxed/simple) as of a given time: the demo has a history of some days."""

import re
from base64 import b64encode
from datetime import datetime
from hashlib import sha256
from typing import Final, cast

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from openmai.demo.companies import SELECTOR

SIGNED_HEADERS: Final = (b"from", b"to", b"subject", b"date", b"message-id")


def sign_message(message: bytes, *, domain: str, pem: bytes, made: datetime) -> bytes:
    """`message` (RFC 5322, CRLF) under the signature that `domain` would have given it at `made`.

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
        "h": b":".join(SIGNED_HEADERS).decode(),
        "bh": digest,
        "b": "",
    }
    unsigned = b"DKIM-Signature: " + "; ".join(f"{name}={value}" for name, value in tags.items()).encode()
    fields = dict(_relaxed(field) for field in _unfolded(head))
    signed = b"".join(name + b":" + fields[name] + b"\r\n" for name in SIGNED_HEADERS)
    key = cast(RSAPrivateKey, load_pem_private_key(pem, password=None))
    signature = key.sign(signed + b":".join(_relaxed(unsigned)), PKCS1v15(), SHA256())
    return unsigned + b64encode(signature) + b"\r\n" + message


def _unfolded(head: bytes) -> list[bytes]:
    return re.sub(rb"\r\n(?=[ \t])", b"", head).split(b"\r\n")


def _relaxed(field: bytes) -> tuple[bytes, bytes]:
    """Name and value of a header field in the relaxed form (RFC 6376, section 3.4.2)."""
    name, _, value = field.partition(b":")
    return name.strip().lower(), re.sub(rb"[ \t]+", b" ", value).strip()
