"""DKIM keys of the demo's companies: made once, kept beside the demo's other keys."""

from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from openmai.demo.companies import SELECTOR
from openmai.platform.postgres import write_secret

BITS: Final = 2048


def make_dkim_keys(folder: Path, domains: Iterable[str]) -> None:
    """A PEM file for each domain that has none yet."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for domain in domains:
        if not (path := folder / f"{domain}.pem").exists():
            write_secret(path, new_dkim_key().decode("ascii"))


def new_dkim_key() -> bytes:
    """A fresh RSA key as PEM (PKCS#8 would do, but dkimpy reads PKCS#1 only)."""
    key = generate_private_key(public_exponent=65537, key_size=BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def dkim_record(pem: bytes) -> str:
    """The TXT record for a private key (RFC 6376, section 3.6.1)."""
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("a DKIM key of the demo is an RSA key")
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={b64encode(public).decode()}"


def dkim_records(folder: Path) -> dict[str, str]:
    """Owner name → TXT record, for every key in the folder."""
    return {
        f"{SELECTOR}._domainkey.{path.stem}": dkim_record(path.read_bytes())
        for path in sorted(folder.glob("*.pem"))
    }
