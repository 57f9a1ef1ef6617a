"""Standard base64 (RFC 4648 §4) in its one form."""

import binascii
from base64 import b64decode, b64encode


def decode_base64(text: str) -> bytes | None:
    """The bytes, or None unless `text` is exactly what encoding them gives."""
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if b64encode(data).decode() == text else None
