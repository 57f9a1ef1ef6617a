"""Canonical numbers: the one place where text and bytes become field elements, digests and keys.

The pairing library reduces what it is given, so `x` and `x + r` would both verify (protocol §1, attack
4). Nothing reaches it that has not passed through here.
"""

import re
from typing import Final

from openmai.anonymity.errors import NotCanonical, gettext_noop

_ = gettext_noop

# Order of the scalar field of BN254 (EIP-196): every circuit signal lives in it.
R: Final = 21888242871839275222246405745257275088548364400416034343698204186575808495617
# Order of Baby Jubjub's prime subgroup (EIP-2494): secrets lie in [1, L).
L: Final = 2736030358979909402780800718157159386076813972158567259200215660948447373041

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,76}")
_HEX = re.compile(r"(?:[0-9a-f]{2})*")


def parse_decimal(value: object, *, name: str = "number") -> int:
    """Read a field element from its canonical decimal string; raise `NotCanonical` otherwise."""
    # fullmatch, and str exactly: `True`, 1.0 and "1\n" are all refused.
    if type(value) is not str or not _DECIMAL.fullmatch(value):
        message = _("“%(name)s” must be a decimal string without leading zero, below the field order")
        raise NotCanonical(message, name=name)
    return check_field(int(value), name=name)


def check_field(value: int, *, name: str = "number") -> int:
    """Return `value` if 0 ≤ value < R; raise `NotCanonical` otherwise."""
    if type(value) is not int or not 0 <= value < R:
        raise NotCanonical(_("“%(name)s” must lie between 0 and the field order"), name=name)
    return value


def parse_hex(value: object, *, size: int, name: str = "value") -> bytes:
    """Read exactly `size` bytes from lowercase hex; raise `NotCanonical` otherwise."""
    if type(value) is not str or len(value) != 2 * size or not _HEX.fullmatch(value):
        message = _("“%(name)s” must be %(digits)d lowercase hexadecimal digits")
        raise NotCanonical(message, name=name, digits=2 * size)
    return bytes.fromhex(value)


def be32(value: int) -> bytes:
    """The 32 bytes, big-endian, of a non-negative integer below 2**256."""
    return value.to_bytes(32, "big")
