"""The Ed25519 key of a persona, one per secret and thread, and its signatures (RFC 8032)."""

from typing import ClassVar, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from openmai.anonymity.errors import AnonymityError, gettext_noop
from openmai.anonymity.fields import be32

_ = gettext_noop
_SALT: Final = b"openmai/v1/thread-key"


class BadSignature(AnonymityError):
    """The signature was not made by this key over these bytes."""

    code: ClassVar[str] = "bad-signature"


def thread_key(secret: int, scope: int) -> Ed25519PrivateKey:
    """The persona's key: HKDF-SHA-256 of the secret (RFC 5869), so that the device need not store it."""
    seed = HKDF(algorithm=SHA256(), length=32, salt=_SALT, info=be32(scope)).derive(be32(secret))
    return Ed25519PrivateKey.from_private_bytes(seed)


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def verify_signature(*, key: bytes, signature: bytes, message: bytes) -> None:
    """Raise `BadSignature` unless `signature` (64 bytes) by `key` (32 bytes) covers `message`."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise BadSignature(_("the signature does not match the key and the content")) from error
