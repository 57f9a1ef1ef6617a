"""Recovery codes and backup files, the same as the talk site's pages make (frontend/proofs/backup.ts).

A code has 128 random bits and is never chosen by a person: the operator knows the commitment, so a secret
behind anything that can be guessed could be found offline. It is written in Crockford's base32, seven groups
of four; the last twelve bits are a checksum, so that a slip is noticed.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from openmai.anonymity.content import read_domain
from openmai.anonymity.documents import DocumentRefused, Fields, load_canonical
from openmai.anonymity.encoding import Domain, canonical_json, sha256
from openmai.anonymity.fields import L
from openmai.cli.member.errors import IdentityTrouble
from openmai.cli.member.words import gettext as _
from openmai.cli.member.words import reason_of

CODE_SIZE: Final = 16
_TYPE: Final = "openmai/backup/v1"
_FIELDS: Final = ("type", "site", "season", "salt", "iv", "data")
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE: Final = re.compile(f"[{_ALPHABET}]{{28}}")
_DATA: Final = re.compile(r"(?:[0-9a-f]{2}){17,200}")
_LIMIT: Final = 4_096


def show_code(code: bytes) -> str:
    """Sixteen bytes as seven groups of four characters."""
    bits = int.from_bytes(code, "big") << 12 | _checksum(code)
    text = "".join(_ALPHABET[bits >> shift & 31] for shift in range(135, -1, -5))
    return "-".join(text[place : place + 4] for place in range(0, 28, 4))


def read_code(text: str) -> bytes:
    """Read a code as people write it: any case, O for 0, I and L for 1; raise `IdentityTrouble`."""
    plain = re.sub(r"[\s–—-]", "", text.upper()).translate(str.maketrans("OIL", "011"))
    if not _CODE.fullmatch(plain):
        raise IdentityTrouble(_("A recovery code has seven groups of four letters and digits."))
    bits = 0
    for character in plain:
        bits = bits << 5 | _ALPHABET.index(character)
    code = (bits >> 12).to_bytes(CODE_SIZE, "big")
    if _checksum(code) != bits & 0xFFF:
        raise IdentityTrouble(_("There is a slip in the recovery code: compare it letter by letter."))
    return code


def seal(*, domain: Domain, secret: int, code: bytes, randbytes: Callable[[int], bytes]) -> dict[str, Any]:
    """The backup document: AES-256-GCM under a key from the code."""
    salt, iv = randbytes(32), randbytes(12)
    plain = canonical_json({"secret": str(secret)})
    data = AESGCM(_key(code, salt)).encrypt(iv, plain, _header(domain))
    return {
        "type": _TYPE,
        "site": domain.site,
        "season": domain.season,
        "salt": salt.hex(),
        "iv": iv.hex(),
        "data": data.hex(),
    }


def unseal(document: object, *, code: bytes) -> tuple[Domain, int]:
    """The site, season and secret of a backup document; raise `IdentityTrouble`."""
    try:
        fields = Fields(document, _FIELDS)
        fields.literal("type", _TYPE)
        domain = read_domain(fields, None)
        salt, iv = fields.hex("salt", size=32), fields.hex("iv", size=12)
        data = bytes.fromhex(fields.word("data", _DATA))
        plain = AESGCM(_key(code, salt)).decrypt(iv, data, _header(domain))
        secret = Fields(load_canonical(plain, limit=_LIMIT), ("secret",)).decimal("secret")
    except InvalidTag as error:
        raise IdentityTrouble(_("The recovery code does not open this backup.")) from error
    except DocumentRefused as error:
        raise IdentityTrouble(
            _("This is no backup of a key: %(error)s.") % {"error": reason_of(error)}
        ) from error
    if not 1 <= secret < L:
        raise IdentityTrouble(_("This is no backup of a key."))
    return domain, secret


def read_backup(data: bytes, *, code: bytes) -> tuple[Domain, int]:
    """`unseal` for a backup file's bytes."""
    try:
        document = load_canonical(data.strip(), limit=_LIMIT)
    except DocumentRefused as error:
        raise IdentityTrouble(
            _("This is no backup of a key: %(error)s.") % {"error": reason_of(error)}
        ) from error
    return unseal(document, code=code)


def _checksum(code: bytes) -> int:
    digest = sha256(b"openmai/v1/recovery-code" + code)
    return digest[0] << 4 | digest[1] >> 4


def _header(domain: Domain) -> bytes:
    return canonical_json({"type": _TYPE, "site": domain.site, "season": domain.season})


def _key(code: bytes, salt: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"openmai/v1/backup").derive(code)
