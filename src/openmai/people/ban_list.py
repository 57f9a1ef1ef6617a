"""The ban list of the talk site, as every visitor can read it: which bans are in force."""

from datetime import datetime
from typing import Final

import httpx

from openmai.anonymity.bans import read_ban_list
from openmai.anonymity.documents import DocumentRefused
from openmai.anonymity.encoding import Domain, sha256
from openmai.anonymity.fields import be32
from openmai.anonymity.limits import MAX_BAN_LIST
from openmai.platform.fetching import AnswerRefused, Fetcher

_PATH: Final = "/api/v1/bans"
_TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
_TOTAL_SECONDS: Final = 60.0


def bans_in_force(origin: str, *, domain: Domain, now: datetime) -> frozenset[str] | None:
    """The site's bans, each as hex of SHA-256(thread ‖ nullifier); None if they cannot be read."""
    try:
        return read_in_force(_fetch(origin), domain=domain, now=now)
    except (httpx.HTTPError, AnswerRefused, DocumentRefused, ValueError):
        return None


def read_in_force(data: bytes, *, domain: Domain, now: datetime) -> frozenset[str]:
    """Read a ban list; raise a `DocumentRefused`, or `ValueError` for an end that is no moment."""
    bans = read_ban_list(data, domain=domain).bans
    return frozenset(
        sha256(ban.thread + be32(ban.nullifier)).hex()
        for ban in bans
        if datetime.fromisoformat(ban.until) > now
    )


def _fetch(origin: str) -> bytes:
    """As a stranger would."""
    with Fetcher(origin, timeout=_TIMEOUT, seconds=_TOTAL_SECONDS) as fetcher:
        answer = fetcher.get(_PATH, limit=MAX_BAN_LIST)
    if answer.status != httpx.codes.OK:
        raise ValueError(f"the ban list answered {answer.status}")
    return answer.data
