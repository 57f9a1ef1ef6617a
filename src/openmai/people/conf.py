"""The site's configuration, and the keys derived from its secrets (HKDF, one per purpose)."""

import hmac
from functools import lru_cache
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from openmai.anonymity.encoding import Domain, length_prefixed
from openmai.platform.config import PeopleConfig
from openmai.platform.outward import Outward

_LONG_LIVED: Final = frozenset({"work-address", "employer-login", "evidence-salt", "badge-number"})


def config() -> PeopleConfig:
    """What `openmai.platform.config.load_people` read when the process started."""
    loaded: PeopleConfig = settings.OPENMAI
    return loaded


def domain(season: str) -> Domain:
    """The domain of everything that is hashed for this site in `season`."""
    return Domain(site=config().site_id, season=season)


def roster_signing_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(config().roster_signing_key.get_secret_value())


def evidence_key() -> bytes:
    """The 64 bytes that AES-256-SIV seals evidence with; nothing else is made from this purpose."""
    return _derived("evidence", config().evidence_key.get_secret_value(), 64)


@lru_cache(maxsize=2)
def _outward(local: bool) -> Outward:
    return Outward(local=local)


def outward() -> Outward:
    """The client for employers' log-ins, one for the process: it counts how many are asked at once."""
    return _outward(config().local_logins)


def keyed_hash(purpose: str, *parts: bytes) -> bytes:
    """HMAC-SHA-256 (32 bytes) of `parts` under the key of `purpose`: equality can be seen, the parts cannot.

    Work addresses must compare equal for years, so their key follows the evidence key, which is never rotated
    without re-sealing; all others follow the site's secret key.
    """
    secrets = config()
    source = secrets.evidence_key if purpose in _LONG_LIVED else secrets.secret_key
    key = _derived(purpose, source.get_secret_value())
    return hmac.new(key, b"".join(map(length_prefixed, parts)), sha256).digest()


@lru_cache(maxsize=32)
def _derived(purpose: str, secret: str, length: int = 32) -> bytes:
    info = b"openmai/people/" + purpose.encode()
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(secret.encode())
