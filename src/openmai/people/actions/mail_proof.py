"""Employment by a signed mail (V2): evidence that a third party can check, bound to the commitment."""

import base64
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from openmai.anonymity.seasons import season_at
from openmai.companies.queries import company_by_slug, domains_of
from openmai.people import limits, mails
from openmai.people.actions.employment import AddressTaken, begin_employment
from openmai.people.actions.evidence import Binding, Issued, archive, give_word
from openmai.people.conf import config
from openmai.people.errors import Refused
from openmai.people.evidence import SALT_BYTES, bind_text
from openmai.people.models import Employment, Evidence, MailProof, Member
from openmai.people.queries.membership import current_enrolment
from openmai.people.signed_mail import MailRefused, VerifiedMail, bind_in_subject, verify_mail
from openmai.people.txt_records import LookUp
from openmai.people.work_address import address_claim, is_role_mailbox

LIFETIME: Final = timedelta(days=7)


class KeyNeeded(Refused):
    """Evidence is bound to a key, and the member has none in this season."""

    code = "key-needed"


class NoDomain(Refused):
    """Nobody can send a mail from this company: it has no domain, or does not exist."""

    code = "no-domain"


@transaction.atomic
def open_mail_proof(
    *, member_id: UUID, company_slug: str, now: datetime, randbytes: Callable[[int], bytes]
) -> MailProof:
    """Await a signed mail from a company. Raise `KeyNeeded`, `NoDomain` or `LimitReached`."""
    company = company_by_slug(company_slug)
    if company is None or not domains_of(company.id):
        raise NoDomain(_("No mail can come from this company: it has no domain here."))
    season = season_at(int(now.timestamp())).id
    enrolment = current_enrolment(member_id=member_id, season=season)
    if enrolment is None:
        raise KeyNeeded(_("Create your anonymous key first: the mail will be tied to it."))
    limits.take(limits.MAIL_PROOFS_PER_MEMBER, subject=member_id.bytes, on=now.date())
    salt, commitment = randbytes(SALT_BYTES), bytes(enrolment.commitment)
    waiting = MailProof.objects.filter(member=member_id, company=company.id, state=MailProof.State.WAITING)
    waiting.delete()
    return MailProof.objects.create(
        member_id=member_id,
        company_id=company.id,
        season=season,
        commitment=commitment,
        salt=salt,
        bind=bind_text(season=season, commitment=commitment, salt=salt),
        opened_on=now.date(),
    )


def accept_mail(*, raw: bytes, now: datetime, look_up: LookUp) -> UUID:
    """Judge a mail that came in; return the employment that it proves.

    Raise `MailRefused` (noted on the request that it answers, and told to the member) or `DnsUnavailable`.
    """
    proof = MailProof.objects.filter(bind=bind_in_subject(raw)).first()
    if proof is None:
        raise MailRefused("no-code")
    try:
        _check_open(proof, now)
        verified = verify_mail(
            raw,
            bind=proof.bind,
            domains=domains_of(proof.company_id),
            to=config().inbound_address,
            now=now,
            look_up=look_up,
        )
        with transaction.atomic():
            return _accept(proof.id, raw, verified, now)
    except MailRefused as error:
        _note_refusal(proof, error)
        raise


def _check_open(proof: MailProof, now: datetime) -> None:
    try:
        limits.take(limits.MAILS_PER_PROOF, subject=proof.id.bytes, on=now.date())
    except limits.LimitReached as error:
        raise MailRefused("too-many") from error
    if proof.state == MailProof.State.ACCEPTED:
        raise MailRefused("replayed")
    if proof.season != season_at(int(now.timestamp())).id:
        raise MailRefused("other-season")
    if proof.opened_on + LIFETIME < now.date():
        raise MailRefused("expired")


def _accept(proof_id: UUID, raw: bytes, verified: VerifiedMail, now: datetime) -> UUID:
    proof = MailProof.objects.select_for_update().select_related("member").get(id=proof_id)
    used = Evidence.objects.filter(signature=verified.signature).exists()
    if used or proof.state != MailProof.State.WAITING:
        raise MailRefused("replayed")
    if is_role_mailbox(verified.address):
        raise MailRefused("department")
    try:
        employment = begin_employment(
            member=proof.member,
            company_id=proof.company_id,
            claims=[address_claim(verified.address)],
            method=Employment.Method.DKIM,
            on=now.date(),
        )
    except AddressTaken as error:
        raise MailRefused("address-taken") from error
    _archive(proof, employment, raw, verified, now)
    give_word(member_id=proof.member_id, season=proof.season, on=now.date())
    proof.state, proof.refusal = MailProof.State.ACCEPTED, ""
    proof.save(update_fields=["state", "refusal"])
    mails.tell_mail_accepted(proof.member, page=proof_page(proof.member, proof.id))
    return employment.id


def _archive(
    proof: MailProof, employment: Employment, raw: bytes, verified: VerifiedMail, now: datetime
) -> None:
    """Keep the mail and the DNS records, sealed, so that both can be checked again."""
    archive(
        employment=employment,
        kind=Evidence.Kind.DKIM,
        binding=Binding(proof.season, bytes(proof.commitment), bytes(proof.salt)),
        facts={
            "mail": base64.b64encode(raw).decode(),
            "dns": verified.answer.document(),
            "selector": verified.selector,
            "domain": verified.domain,
            "to": config().inbound_address,
            "received": now.isoformat(),
            "bind": proof.bind,
        },
        issued=Issued(verified.signature, verified.key, verified.key_name),
        on=now.date(),
    )


def _note_refusal(proof: MailProof, error: MailRefused) -> None:
    """A refused mail changes nothing but what the page says; an accepted request stays accepted."""
    noted = MailProof.objects.filter(id=proof.id, state=MailProof.State.WAITING).update(refusal=error.code)
    if noted and error.code != "too-many":
        mails.tell_mail_refused(proof.member, reason=error.reason, page=proof_page(proof.member, proof.id))


def proof_page(member: Member, proof_id: UUID) -> str:
    """URL of the status page, in the member's language."""
    return f"{config().people_origin}/{member.language}/employment/mail/{proof_id}/"
