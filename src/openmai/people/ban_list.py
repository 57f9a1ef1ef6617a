"""The ban list of the talk site, as every visitor can read it: which bans are in force."""

import re
from datetime import datetime
from hashlib import sha256
from typing import Final

import httpx

from openmai.anonymity.documents import DocumentRefused, Fields, load_canonical
from openmai.anonymity.encoding import Domain
from openmai.anonymity.fields import be32

MAX_BAN_LIST: Final = 16 * 1024 * 1024
_PATH: Final = "/api/v1/bans"
_TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
_FIELDS: Final = ("type", "site", "season", "serial", "bans")
_BAN: Final = ("scope", "nullifier", "until", "reason")
_UNTIL: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_REASON: Final = re.compile(r"[a-z][a-z-]{0,31}")


def bans_in_force(origin: str, *, domain: Domain, now: datetime) -> frozenset[str] | None:
    """The site's bans, each as hex of SHA-256(scope ‖ nullifier); None if they cannot be read."""
    try:
        return read_in_force(_fetch(origin), domain=domain, now=now)
    except (httpx.HTTPError, DocumentRefused, ValueError):
        return None


def read_in_force(data: bytes, *, domain: Domain, now: datetime) -> frozenset[str]:
    """Parse a ban list (docs/protocol.md §6); raise a `DocumentRefused` for anything else."""
    fields = Fields(load_canonical(data, limit=MAX_BAN_LIST), _FIELDS)
    fields.literal("type", "openmai/bans/v1")
    fields.literal("site", domain.site)
    fields.literal("season", domain.season)
    fields.integer("serial")
    raw = fields.raw("bans")
    if not isinstance(raw, list):
        raise ValueError("bans are a list")
    found = (_ban(Fields(each, _BAN, pointer=f"/bans/{place}")) for place, each in enumerate(raw))
    return frozenset(name for name, until in found if until > now)


def _ban(fields: Fields) -> tuple[str, datetime]:
    fields.word("reason", _REASON)
    persona = fields.hex("scope", size=32) + be32(fields.decimal("nullifier"))
    return sha256(persona).hexdigest(), datetime.fromisoformat(fields.word("until", _UNTIL))


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
