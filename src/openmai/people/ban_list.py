"""The ban list of the talk site, as every visitor can read it: which bans are in force."""

from datetime import datetime
from typing import Final

import httpx

from openmai.anonymity.bans import read_ban_list
from openmai.anonymity.documents import DocumentRefused
from openmai.anonymity.encoding import Domain, sha256
from openmai.anonymity.fields import be32
from openmai.anonymity.limits import MAX_BAN_LIST

_PATH: Final = "/api/v1/bans"
_TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)


def bans_in_force(origin: str, *, domain: Domain, now: datetime) -> frozenset[str] | None:
    """The site's bans, each as hex of SHA-256(thread ‖ nullifier); None if they cannot be read."""
    try:
        return read_in_force(_fetch(origin), domain=domain, now=now)
    except (httpx.HTTPError, DocumentRefused, ValueError):
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
    """Bounded, plain, without redirects, as a stranger would."""
    data = bytearray()
    headers = {"user-agent": "openmai", "accept-encoding": "identity"}
    with (
        httpx.Client(base_url=origin, timeout=_TIMEOUT, follow_redirects=False, headers=headers) as client,
        client.stream("GET", _PATH) as response,
    ):
        if response.status_code != httpx.codes.OK:
            raise ValueError(f"the ban list answered {response.status_code}")
        for chunk in response.iter_raw(65_536):
            data += chunk
            if len(data) > MAX_BAN_LIST:
                raise ValueError("the ban list is too long")
    return bytes(data)
