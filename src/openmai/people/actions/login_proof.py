"""Employment by a log-in at the employer (V3): an id_token whose nonce is bound to the commitment."""

import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from openmai.anonymity.seasons import season_at
from openmai.companies.queries import company_by_slug, domains_of
from openmai.people import limits
from openmai.people.actions.employment import AddressTaken, begin_employment
from openmai.people.actions.evidence import Binding, Issued, archive, give_word
from openmai.people.actions.login_provider import secret_of
from openmai.people.actions.mail_proof import KeyNeeded
from openmai.people.errors import Refused
from openmai.people.evidence import SALT_BYTES, bind_text
from openmai.people.id_token import Expected, TokenRefused, VerifiedToken, verify_id_token
from openmai.people.login_claims import subject_claims
from openmai.people.login_flow import Discovered, authorization_address, discover, exchange, state_of
from openmai.people.login_reasons import REASONS
from openmai.people.models import Employment, Evidence, LoginProof, LoginProvider, Member
from openmai.people.queries.membership import current_enrolment
from openmai.platform.outward import Outward, Unreachable

LIFETIME: Final = timedelta(minutes=15)
MAX_CODE: Final = 2048


class NoProvider(Refused):
    """The company has no log-in here."""

    code = "no-provider"


class LoginRefused(Refused):
    """The log-in proves nothing; `code` is a key of `REASONS`."""

    def __init__(self, code: str) -> None:
        super().__init__(REASONS[code])
        self.code = code


@dataclass(frozen=True)
class Returned:
    """What the browser brought back from the employer's server."""

    state: str = ""
    code: str = ""
    error: str = ""
    issuer: str = ""


def open_login_proof(
    *,
    member_id: UUID,
    company_slug: str,
    now: datetime,
    randbytes: Callable[[int], bytes],
    outward: Outward,
) -> LoginProof:
    """Await a log-in. Raise `KeyNeeded`, `NoProvider`, `LoginRefused` or `LimitReached`."""
    company = company_by_slug(company_slug)
    provider = LoginProvider.objects.filter(company=company.id, retired_on=None).first() if company else None
    if provider is None:
        raise NoProvider(_("This company has no log-in here. Use a signed mail or a code."))
    season = season_at(int(now.timestamp())).id
    enrolment = current_enrolment(member_id=member_id, season=season)
    if enrolment is None:
        raise KeyNeeded(_("Create your anonymous key first: the log-in will be tied to it."))
    limits.take(limits.LOGINS_PER_MEMBER, subject=member_id.bytes, on=now.date())
    found = _discovered(provider, outward)
    proof_id, salt, commitment = uuid4(), randbytes(SALT_BYTES), bytes(enrolment.commitment)
    bind = bind_text(season=season, commitment=commitment, salt=salt)
    with transaction.atomic():
        Member.objects.select_for_update().get(id=member_id)
        LoginProof.objects.filter(member=member_id).delete()
        return LoginProof.objects.create(
            id=proof_id,
            member_id=member_id,
            provider=provider,
            season=season,
            commitment=commitment,
            salt=salt,
            bind=bind,
            address=authorization_address(provider, found, proof_id=proof_id, bind=bind),
            expires_at=now + LIFETIME,
        )


def _discovered(provider: LoginProvider, outward: Outward) -> Discovered:
    try:
        return discover(provider.issuer, outward)
    except Unreachable as error:
        raise LoginRefused("unreachable") from error
    except TokenRefused as error:
        raise LoginRefused(error.code) from error


def accept_login(*, member_id: UUID, returned: Returned, now: datetime, outward: Outward) -> UUID:
    """Judge what came back; return the employment that it proves. Raise `LoginRefused`.

    A log-in is good for one return, whatever comes of it.
    """
    proof = _take(member_id, returned.state, now)
    if returned.error or not 0 < len(returned.code) <= MAX_CODE:
        raise LoginRefused("denied")
    if proof.season != season_at(int(now.timestamp())).id:
        raise LoginRefused("other-season")
    token, jwks = _fetch(proof, returned, outward)
    try:
        proved = verify_id_token(
            token, jwks=jwks, expected=Expected.of(proof.provider, nonce=proof.bind), now=now
        )
    except TokenRefused as error:
        raise LoginRefused(error.code) from error
    with transaction.atomic():
        return _accept(proof, token, jwks, proved, now)


@transaction.atomic
def _take(member_id: UUID, state: str, now: datetime) -> LoginProof:
    proof = (
        LoginProof.objects.select_for_update(of=["self"])
        .select_related("provider", "member")
        .filter(member=member_id)
        .first()
    )
    if proof is None or not hmac.compare_digest(
        state_of(proof.id).encode(), state.encode("utf-8", "replace")
    ):
        raise LoginRefused("state")
    LoginProof.objects.filter(id=proof.id).delete()
    if proof.expires_at <= now or proof.provider.retired_on is not None:
        raise LoginRefused("state")
    return proof


def _fetch(proof: LoginProof, returned: Returned, outward: Outward) -> tuple[str, dict[str, Any]]:
    found = _discovered(proof.provider, outward)
    named = returned.issuer or ("" if found.names_itself else proof.provider.issuer)
    if named != proof.provider.issuer:
        raise LoginRefused("issuer")
    try:
        return exchange(
            proof.provider,
            found,
            secret=secret_of(proof.provider),
            code=returned.code,
            proof_id=proof.id,
            outward=outward,
        )
    except Unreachable as error:
        raise LoginRefused("unreachable") from error
    except TokenRefused as error:
        raise LoginRefused(error.code) from error


def _accept(
    proof: LoginProof, token: str, jwks: dict[str, Any], proved: VerifiedToken, now: datetime
) -> UUID:
    if Evidence.objects.filter(signature=proved.signature).exists():
        raise LoginRefused("replayed")
    company_id = proof.provider.company_id
    try:
        employment = begin_employment(
            member=proof.member,
            company_id=company_id,
            claims=subject_claims(proved, domains=domains_of(company_id)),
            method=Employment.Method.OIDC,
            on=now.date(),
        )
    except AddressTaken as error:
        raise LoginRefused("address-taken") from error
    archive(
        employment=employment,
        kind=Evidence.Kind.OIDC,
        binding=Binding(proof.season, bytes(proof.commitment), bytes(proof.salt)),
        facts={
            "provider": str(proof.provider_id),
            "issuer": proof.provider.issuer,
            "client_id": proof.provider.client_id,
            "tenant": {proof.provider.tenant_claim: proof.provider.tenant} if proof.provider.tenant else {},
            "id_token": token,
            "jwks": json.dumps(jwks, ensure_ascii=True, separators=(",", ":")),
            "received": now.isoformat(),
            "bind": proof.bind,
        },
        issued=Issued(proved.signature, proved.key, proved.issuer),
        on=now.date(),
    )
    give_word(member_id=proof.member_id, season=proof.season, on=now.date())
    return employment.id
