"""The way through an employer's log-in: discovery, authorization code, PKCE (RFC 6749, 7636, 9207).

What is fetched is judged here; what the token says is judged by `id_token.verify_id_token`.
"""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit
from uuid import UUID

from openmai.people.conf import config, keyed_hash
from openmai.people.id_token import KEY_OF, TokenRefused
from openmai.people.models import LoginProvider
from openmai.platform.outward import Outward, Unreachable

RETURN_PATH: Final = "/employment/login/return"
# Never more than who logged in, and the address by which he may be known here already.
SCOPE: Final = "openid email"


@dataclass(frozen=True)
class Discovered:
    """What an issuer says of itself."""

    authorization: str
    token: str
    jwks: str
    by_form: bool
    """Whether the client's secret goes into the form; else into the Authorization header."""
    names_itself: bool
    """Whether answers carry `iss` (RFC 9207)."""


def discover(issuer: str, outward: Outward) -> Discovered:
    """Read an issuer's configuration; raise `TokenRefused` or `Unreachable`."""
    document = outward.get_json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if document.get("issuer") != issuer:
        raise TokenRefused("issuer")
    if not KEY_OF.keys() & _listed(document, "id_token_signing_alg_values_supported", ["RS256"]):
        raise TokenRefused("algorithm")
    if "S256" not in _listed(document, "code_challenge_methods_supported", ["S256"]):
        raise Unreachable("the issuer does not know PKCE")
    methods = _listed(document, "token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Discovered(
        authorization=outward.check(document.get("authorization_endpoint")),
        token=outward.check(document.get("token_endpoint")),
        jwks=outward.check(document.get("jwks_uri")),
        by_form="client_secret_basic" not in methods,
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _listed(document: Mapping[str, Any], name: str, default: list[str]) -> set[str]:
    value = document.get(name, default)
    return {each for each in value if isinstance(each, str)} if isinstance(value, list) else set()


def redirect_uri() -> str:
    """Where the employer's server sends the browser back to; registered there exactly so."""
    return config().people_origin + RETURN_PATH


def state_of(proof_id: UUID) -> str:
    """What must come back with the code. Derived, so that the table holds nothing that a thief could use."""
    return urlsafe_b64encode(keyed_hash("login-state", proof_id.bytes)).decode().rstrip("=")


def verifier_of(proof_id: UUID) -> str:
    """PKCE's secret of one log-in."""
    return urlsafe_b64encode(keyed_hash("login-verifier", proof_id.bytes)).decode().rstrip("=")


def authorization_address(provider: LoginProvider, found: Discovered, *, proof_id: UUID, bind: str) -> str:
    """Where the browser goes; the nonce is the binding to the member's key."""
    challenge = sha256(verifier_of(proof_id).encode()).digest()
    query = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": redirect_uri(),
        "scope": SCOPE,
        "state": state_of(proof_id),
        "nonce": bind,
        "code_challenge": urlsafe_b64encode(challenge).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    if provider.tenant_claim == "hd":
        query["hd"] = provider.tenant  # a hint for the page; the claim is what counts
    joint = "&" if urlsplit(found.authorization).query else "?"
    return f"{found.authorization}{joint}{urlencode(query)}"


def exchange(
    provider: LoginProvider, found: Discovered, *, secret: str, code: str, proof_id: UUID, outward: Outward
) -> tuple[str, dict[str, Any]]:
    """The id_token for a code, and the issuer's keys now; raise `TokenRefused` or `Unreachable`."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri(),
        "code_verifier": verifier_of(proof_id),
    }
    headers = {}
    if secret and not found.by_form:
        pair = f"{quote_plus(provider.client_id)}:{quote_plus(secret)}"
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    else:
        form["client_id"] = provider.client_id
        if secret:
            form["client_secret"] = secret
    token = outward.post_form(found.token, form, headers=headers).get("id_token")
    if not isinstance(token, str):
        raise TokenRefused("form")
    return token, outward.get_json(found.jwks)
