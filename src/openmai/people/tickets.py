"""Enrolment tickets that need no row: the nonce says itself until when it is good, and for whom.

nonce (32 bytes) = expiry in minutes since 1970 (4, big-endian) ‖ random (12) ‖ HMAC-SHA-256, cut (16).
Single use is the enrolment's own row: one per member and season, unique by ticket.
"""

import hmac
from datetime import UTC, datetime, timedelta
from typing import Final

from openmai.people.conf import keyed_hash

LIFETIME: Final = timedelta(hours=1)
RANDOM_BYTES: Final = 12
_HEAD: Final = 4 + RANDOM_BYTES


def make_nonce(*, account: str, season: str, now: datetime, random: bytes) -> bytes:
    """The 32-byte nonce of a ticket that is good for `LIFETIME`."""
    minutes = int((now + LIFETIME).timestamp()) // 60
    head = minutes.to_bytes(4, "big") + random
    return head + _tag(head, account=account, season=season)


def nonce_expiry(nonce: bytes, *, account: str, season: str) -> datetime | None:
    """Until when a nonce is good; None if it was not made here for this account and season."""
    if len(nonce) != 32 or not hmac.compare_digest(
        nonce[_HEAD:], _tag(nonce[:_HEAD], account=account, season=season)
    ):
        return None
    return datetime.fromtimestamp(int.from_bytes(nonce[:4], "big") * 60, UTC)


def _tag(head: bytes, *, account: str, season: str) -> bytes:
    return keyed_hash("ticket", head, account.encode(), season.encode())[:16]
