"""A second device gets the secrets over the screen: three short texts, and nine digits to compare (§10).

    1. The device that has the secrets shows an *invitation*: an X25519 key made for this one pairing.
    2. The new device answers with such a key of its own.
    3. Both show the same nine digits, a person compares them, and only then the first device shows the
       *delivery*: the secrets, encrypted for the other.

Whoever stood between them and gave each a key of their own would have to find one whose digits fit, among 10⁹
and at the price of scrypt each, while the person waits (docs/adr/0019). Each text is an alphanumeric QR code.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from openmai.anonymity.encoding import Domain, length_prefixed, sha256
from openmai.anonymity.errors import AnonymityError, gettext_noop
from openmai.anonymity.fields import L
from openmai.anonymity.seasons import season_called

_ = gettext_noop
INVITATION: Final = 1
ANSWER: Final = 2
DELIVERY: Final = 3
# A longer text was not made here.
MAX_PAIRING_TEXT: Final = 512
# The current season's secret, and the past one's while its threads are open.
MAX_SECRETS: Final = 2
# Nothing is delivered on an older invitation: it bounds the time for finding a fitting key.
PAIRING_SECONDS: Final = 600
DIGITS: Final = 9

_PREFIX: Final = "OPENMAI:"
_TEXT: Final = re.compile(r"OPENMAI:([A-Z2-7]{1,400})")
_CHECKSUM: Final = 4
_SITE_TAG: Final = 8
_RECORD: Final = 35  # a season's number in 3 bytes and its secret in 32
_SCRYPT: Final = {"n": 2**16, "r": 8, "p": 1}


class PairingRefused(AnonymityError):
    """A text that is not the next one of this pairing."""

    code: ClassVar[str] = "bad-pairing"


@dataclass(frozen=True, slots=True)
class Pairing:
    """One pairing as one of the two devices sees it. The keys are used for nothing else, and once."""

    site: str
    own: X25519PrivateKey
    invites: bool

    @classmethod
    def begin(cls, site: str, *, random: bytes, invites: bool) -> "Pairing":
        """`random` are 32 unpredictable bytes; `invites` says that this device has the secrets."""
        return cls(site, X25519PrivateKey.from_private_bytes(random), invites)

    @property
    def text(self) -> str:
        """What this device shows first: its invitation, or its answer."""
        kind = INVITATION if self.invites else ANSWER
        return _write(kind, self.own.public_key().public_bytes_raw() + _site_tag(self.site))

    def meet(self, text: str) -> "Met":
        """Take the other device's invitation or answer; raise `PairingRefused`."""
        body = _read(text, ANSWER if self.invites else INVITATION)
        other, tag = body[:32], body[32:]
        if tag != _site_tag(self.site):
            raise PairingRefused(_("the other device is at another site"))
        mine = self.own.public_key().public_bytes_raw()
        if other == mine:
            raise PairingRefused(_("this is the text of this device itself"))
        first, second = (mine, other) if self.invites else (other, mine)
        transcript = b"".join(map(length_prefixed, (self.site.encode(), first, second)))
        try:
            shared = self.own.exchange(X25519PublicKey.from_public_bytes(other))
        except ValueError as error:
            raise PairingRefused(_("the other device's key is no key")) from error
        key = HKDF(algorithm=SHA256(), length=32, salt=sha256(transcript), info=b"openmai/v1/pair")
        return Met(self.site, _digits(transcript), key.derive(shared))


@dataclass(frozen=True, slots=True, repr=False)
class Met:
    """Two devices that know each other's keys. A person compares `digits` before anything is delivered."""

    site: str
    digits: str
    key: bytes

    def deliver(self, secrets: Sequence[tuple[Domain, int]]) -> str:
        """The last text. The key encrypts this once, so its nonce is zero."""
        numbered = sorted((_number(domain.season), secret) for domain, secret in secrets)
        plain = b"".join(
            number.to_bytes(3, "big") + secret.to_bytes(32, "big") for number, secret in numbered
        )
        return _write(DELIVERY, AESGCM(self.key).encrypt(bytes(12), plain, b"openmai/v1/pair-delivery"))

    def receive(self, text: str) -> list[tuple[Domain, int]]:
        """The secrets, the oldest season's first; raise `PairingRefused` if made for another pairing."""
        try:
            data = _read(text, DELIVERY)
            plain = AESGCM(self.key).decrypt(bytes(12), data, b"openmai/v1/pair-delivery")
        except InvalidTag as error:
            raise PairingRefused(_("this was made for another device, or altered on the way")) from error
        records = [plain[place : place + _RECORD] for place in range(0, len(plain), _RECORD)]
        numbers = [int.from_bytes(record[:3], "big") for record in records]
        secrets = [int.from_bytes(record[3:], "big") for record in records]
        if (
            numbers != sorted(set(numbers))
            or max(numbers) > _MOST
            or not all(1 <= each < L for each in secrets)
        ):
            raise PairingRefused(_("there is no key in it"))
        return [
            (Domain(self.site, f"s{number}"), secret) for number, secret in zip(numbers, secrets, strict=True)
        ]


_MOST: Final = 999_999
_SIZES: Final = {
    INVITATION: (32 + _SITE_TAG,),
    ANSWER: (32 + _SITE_TAG,),
    DELIVERY: tuple(count * _RECORD + 16 for count in range(1, MAX_SECRETS + 1)),
}


def _write(kind: int, body: bytes) -> str:
    payload = bytes([kind]) + body
    return _PREFIX + base64.b32encode(payload + _checksum(payload)).decode().rstrip("=")


def _read(text: str, kind: int) -> bytes:
    """The body of a text of this kind: white space and case are forgiven, a slip or a cut is noticed."""
    plain = "".join(text[: 2 * MAX_PAIRING_TEXT].split()).upper()
    match = _TEXT.fullmatch(plain) if len(text) <= 2 * MAX_PAIRING_TEXT else None
    if match is None:
        raise PairingRefused(_("this is no text of a pairing"))
    letters = match[1]
    try:
        data = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except ValueError as error:
        raise PairingRefused(_("the text was cut off or mistyped")) from error
    payload, found = data[:-_CHECKSUM], data[-_CHECKSUM:]
    canonical = base64.b32encode(data).decode().rstrip("=") == letters
    if len(data) <= _CHECKSUM or found != _checksum(payload) or not canonical:
        raise PairingRefused(_("the text was cut off or mistyped"))
    if payload[0] != kind or len(payload) - 1 not in _SIZES[kind]:
        raise PairingRefused(_("this text belongs to another step of the pairing"))
    return payload[1:]


def _checksum(payload: bytes) -> bytes:
    return sha256(b"openmai/v1/pair-text\0" + payload)[:_CHECKSUM]


def _site_tag(site: str) -> bytes:
    return sha256(b"openmai/v1/pair-site\0" + site.encode())[:_SITE_TAG]


def _digits(transcript: bytes) -> str:
    found = Scrypt(salt=b"openmai/v1/pair-digits", length=8, **_SCRYPT).derive(transcript)
    shown = f"{int.from_bytes(found, 'big') % 10**DIGITS:0{DIGITS}}"
    return " ".join(shown[place : place + 3] for place in range(0, DIGITS, 3))


def _number(season: str) -> int:
    season_called(season)
    return int(season[1:])
