"""An employer's id_token as evidence: what it must be to prove an employment (OpenID Connect Core §3.1.3.7).

`verify_id_token` raises or returns what was proved. It is stricter than log-ins need: the nonce is the
binding to the member's key, one audience, signatures by a published asymmetric key only. The e-mail claim
proves nothing: in many tenants its owner may write into it what he likes.
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from openmai.people.errors import PeopleError

if TYPE_CHECKING:
    # Whoever checks disclosed evidence has no database.
    from openmai.people.models import LoginProvider

MAX_TOKEN: Final = 16 * 1024
MAX_KEYS: Final = 50
MAX_TEXT: Final = 255
MIN_RSA_BITS: Final = 2048
LEEWAY: Final = timedelta(seconds=60)
MAX_AGE: Final = timedelta(minutes=15)
# None of these can be made with what is public: "none" and HS* never count, whatever the provider says.
KEY_OF: Final[Mapping[str, tuple[type[RSAKey] | type[ECKey] | type[OKPKey], str | None]]] = {
    "RS256": (RSAKey, None),
    "PS256": (RSAKey, None),
    "ES256": (ECKey, "P-256"),
    "ES384": (ECKey, "P-384"),
    "EdDSA": (OKPKey, "Ed25519"),
}


class TokenRefused(PeopleError):
    """The token proves nothing; `code` is a key of `login_reasons.REASONS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Expected:
    """What the token must say: who issued it, for whom, for which key, of which tenant ("" for none)."""

    issuer: str
    client_id: str
    nonce: str
    tenant_claim: str = ""
    tenant: str = ""

    @classmethod
    def of(cls, provider: "LoginProvider", *, nonce: str) -> "Expected":
        return cls(provider.issuer, provider.client_id, nonce, provider.tenant_claim, provider.tenant)


@dataclass(frozen=True)
class VerifiedToken:
    """What a token proved: `issuer` says that `subject` logged in, and signed our nonce with `key`."""

    issuer: str
    subject: str
    signature: bytes
    """SHA-256 of the signature's bytes."""
    key: bytes
    """The key's thumbprint, SHA-256 (RFC 7638)."""
    confirmed_email: str
    """Lower case, "" unless the issuer confirmed one. It can only bar a second account, see below."""


def verify_id_token(
    token: str, *, jwks: Mapping[str, Any], expected: Expected, now: datetime
) -> VerifiedToken:
    """Check a compact id_token against the issuer's published keys. Raises `TokenRefused`."""
    header, signature = _parts(token)
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in KEY_OF:
        raise TokenRefused("algorithm")
    if "crit" in header:
        raise TokenRefused("form")
    key = _key(jwks, algorithm, header.get("kid"))
    try:
        verified = jws.deserialize_compact(token, key, algorithms=[algorithm])
        claims = json.loads(verified.payload)
    except (JoseError, ValueError, RecursionError) as error:
        raise TokenRefused("signature") from error
    if not isinstance(claims, dict):
        raise TokenRefused("form")
    _check_parties(claims, expected)
    _check_times(claims, now)
    return VerifiedToken(
        issuer=expected.issuer,
        subject=_text(claims, "sub"),
        signature=sha256(signature).digest(),
        key=urlsafe_b64decode(key.thumbprint() + "="),
        confirmed_email=_email(claims),
    )


def _parts(token: str) -> tuple[dict[str, Any], bytes]:
    """The header and the signature's bytes; raise `TokenRefused` unless this is one compact JWS."""
    if not isinstance(token, str) or len(token) > MAX_TOKEN or not token.isascii():
        raise TokenRefused("form")
    pieces = token.split(".")
    if len(pieces) != 3 or not all(pieces[:2]):
        raise TokenRefused("form")
    try:
        header = json.loads(_base64url(pieces[0]))
        signature = _base64url(pieces[2])
    except (ValueError, RecursionError) as error:
        raise TokenRefused("form") from error
    if not isinstance(header, dict):
        raise TokenRefused("form")
    return header, signature


def _base64url(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _key(jwks: Mapping[str, Any], algorithm: str, kid: object) -> RSAKey | ECKey | OKPKey:
    """The one published key that may have made the signature; raise `TokenRefused` if not exactly one."""
    listed = jwks.get("keys") if isinstance(jwks, Mapping) else None
    if not isinstance(listed, list) or len(listed) > MAX_KEYS:
        raise TokenRefused("key")
    kind, curve = KEY_OF[algorithm]
    suiting = [
        each
        for each in listed
        if isinstance(each, dict)
        and each.get("kty") == kind.key_type
        and each.get("crv", curve) == curve
        and each.get("use", "sig") == "sig"
        and each.get("alg", algorithm) == algorithm
        and (kid is None or each.get("kid") == kid)
    ]
    if len(suiting) != 1:
        raise TokenRefused("key")
    public = {name: value for name, value in suiting[0].items() if name not in {"key_ops", "d", "x5c"}}
    try:
        key = kind.import_key(public)
        if isinstance(key, RSAKey) and key.public_key.key_size < MIN_RSA_BITS:
            raise TokenRefused("key")
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise TokenRefused("key") from error
    return key


def _check_parties(claims: Mapping[str, Any], expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise TokenRefused("issuer")
    # A token for several audiences could be carried here by any of them.
    if claims.get("aud") not in (expected.client_id, [expected.client_id]):
        raise TokenRefused("audience")
    if claims.get("azp", expected.client_id) != expected.client_id:
        raise TokenRefused("audience")
    if claims.get("nonce") != expected.nonce:
        raise TokenRefused("nonce")
    if expected.tenant_claim and claims.get(expected.tenant_claim) != expected.tenant:
        raise TokenRefused("tenant")


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    expires, issued = _seconds(claims, "exp"), _seconds(claims, "iat")
    clock = now.timestamp()
    if expires + LEEWAY.total_seconds() <= clock:
        raise TokenRefused("expired")
    if not clock - MAX_AGE.total_seconds() <= issued <= clock + LEEWAY.total_seconds():
        raise TokenRefused("expired")
    if "nbf" in claims and _seconds(claims, "nbf") > clock + LEEWAY.total_seconds():
        raise TokenRefused("expired")


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**40:
        raise TokenRefused("form")
    return value


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT:
        raise TokenRefused("form")
    return value


def _email(claims: Mapping[str, Any]) -> str:
    value = claims.get("email")
    confirmed = claims.get("email_verified") is True
    return value.lower() if confirmed and isinstance(value, str) and len(value) <= MAX_TEXT else ""
