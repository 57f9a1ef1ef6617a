"""The people side: companies, members with verified employments and keys, rosters in three epochs."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from openmai.anonymity.encoding import Domain
from openmai.anonymity.enrolment import ENROLMENT_PAIR
from openmai.anonymity.leanimt import MerklePath
from openmai.anonymity.prover import new_secret
from openmai.anonymity.tickets import Answer, Ticket, decode_ticket
from openmai.companies.actions import register_company
from openmai.demo.community.companies import (
    Company,
    Person,
    load_companies,
    load_visitors,
    visitors_password,
)
from openmai.demo.dkim_keys import dkim_records
from openmai.demo.dns import DnsServer
from openmai.demo.mailbox.work_mail import compose, signed_by_employer
from openmai.demo.seed.mails import BACKEND, read_code
from openmai.demo.seed.meter import metered
from openmai.demo.seed.proving import Proved, Provers, Request
from openmai.demo.seed.timeline import timeline
from openmai.people.actions import (
    accept_mail,
    confirm_code,
    confirm_email,
    enrol,
    issue_ticket,
    open_mail_proof,
    publish_rosters,
    register_member,
    request_code,
)
from openmai.people.txt_records import LookUp, resolver_look_up
from openmai.platform.config import Listen


@dataclass(frozen=True)
class Comer:
    """Somebody who joins; `signs` says whether a signed mail follows the code."""

    company: Company
    person: Person
    signs: bool


@dataclass(frozen=True)
class Enrolling:
    """A registered member about to answer a ticket with a fresh secret."""

    comer: Comer
    member: UUID
    ticket: Ticket
    secret: int

    def request(self) -> Request:
        """What `prove_enrolment` proves, for another process to do."""
        domain = Domain(self.ticket.site, self.ticket.season)
        message = domain.enrol_message(account=self.ticket.account, nonce=self.ticket.nonce)
        return Request(self.secret, MerklePath(0, (ENROLMENT_PAIR,)), domain.enrol_scope(), message, domain)

    def answer(self, proved: Proved) -> Answer:
        proof = proved.proof
        return Answer(self.ticket, str(proved.commitment), str(proof.nullifier), proof.points.hex())


def run(inbox: dict[str, Any], *, now: datetime, progress: Callable[[str], None]) -> dict[str, Any]:
    """Fill the people site. `inbox`: `dkim_keys`, a folder; for less than everything, `companies`, how many
    members to take of each by slug.

    Answers `logins` for the terminal and `speakers` for the talk part: secret, commitment, company.
    """
    settings.EMAIL_BACKEND = BACKEND
    when = timeline(now)
    companies = list(_companies(inbox.get("companies")))
    keys = Path(inbox["dkim_keys"])
    speakers: list[dict[str, str]] = []
    with Provers(settings.OPENMAI.static_dir, 1) as provers, DnsServer(dkim_records(keys)) as names:
        look_up = resolver_look_up([Listen(host=names.host, port=names.port)])
        with transaction.atomic():
            _register_companies(companies, when.began)
            logins = _register_visitors(companies, when.began)
        for number, moment in enumerate(when.joined):
            comers = list(_comers(companies, late=number > 0))
            what = "members who came later" if number else "members enrolled"
            speakers += _join(
                comers, provers, keys=keys, look_up=look_up, now=moment, what=what, progress=progress
            )
            publish_rosters(now=moment)
    # Once more, because a leaf counts towards the floor when it is one epoch old.
    publish_rosters(now=when.settled)
    return {"logins": logins, "speakers": speakers}


def _companies(wanted: Mapping[str, int] | None) -> Iterator[Company]:
    for company in load_companies():
        if wanted is None:
            yield company
        elif company.slug in wanted:
            yield replace(company, members=company.members[: wanted[company.slug]])


def _comers(companies: Sequence[Company], *, late: bool) -> Iterator[Comer]:
    for company in companies:
        for person, signs in company.comers(late=late):
            yield Comer(company, person, signs)


def _register_companies(companies: Sequence[Company], now: datetime) -> None:
    for company in companies:
        register_company(
            slug=company.slug,
            name_en=company.en,
            name_zh=company.zh,
            trade=company.trade,
            domains=company.domains,
            on=now.date(),
        )


def _register_visitors(companies: Sequence[Company], now: datetime) -> list[dict[str, str]]:
    """Those whom one can log in as: verified, except Charlie, and without a key."""
    password, known = visitors_password(), {company.slug for company in companies}
    visitors = [each for each in load_visitors() if not each.works_at or each.works_at in known]
    for visitor in visitors:
        member = register_member(
            email=visitor.email,
            real_name=visitor.name,
            password=password,
            language=visitor.language,
            now=now,
        )
        confirm_email(member_id=member)
        if visitor.works_at:
            _verify(member, visitor.address, now)
    return [{"email": each.email, "password": password, "note": each.note} for each in visitors]


def _verify(member: UUID, address: str, now: datetime) -> None:
    """Employment by the code that is mailed to the work address."""
    request_code(member_id=member, address=address, now=now, randbelow=secrets.randbelow)
    confirm_code(member_id=member, code=read_code(address), now=now)


def _join(
    comers: Sequence[Comer],
    provers: Provers,
    *,
    keys: Path,
    look_up: LookUp,
    now: datetime,
    what: str,
    progress: Callable[[str], None],
) -> list[dict[str, str]]:
    """Everything that a newcomer does on the site, for all of them."""
    with transaction.atomic():
        enrolling = [_register(comer, now) for comer in comers]
    requests = [each.request() for each in enrolling]
    proofs = provers.prove_all(requests)
    proofs = metered(proofs, total=len(requests), what=what, report=progress)
    speakers = []
    with transaction.atomic():
        for each, proved in zip(enrolling, proofs, strict=True):
            enrol(answer=each.answer(proved), now=now)
            if each.comer.signs:
                _send_signed_mail(each, keys=keys, look_up=look_up, now=now)
            speakers.append(
                {
                    "secret": str(each.secret),
                    "commitment": str(proved.commitment),
                    "company": each.comer.company.slug,
                }
            )
    return speakers


def _register(comer: Comer, now: datetime) -> Enrolling:
    """An account without a password, a verified employment, and a ticket."""
    person = comer.person
    member = register_member(
        email=person.email, real_name=person.name, password=None, language=person.language, now=now
    )
    confirm_email(member_id=member)
    _verify(member, comer.company.work_address(person), now)
    ticket = decode_ticket(issue_ticket(member_id=member, now=now, randbytes=secrets.token_bytes))
    return Enrolling(comer, member, ticket, new_secret(secrets.randbelow))


def _send_signed_mail(each: Enrolling, *, keys: Path, look_up: LookUp, now: datetime) -> None:
    """Evidence: a mail with the member's bind code, signed as the employer's server would have."""
    company = each.comer.company
    awaited = open_mail_proof(
        member_id=each.member, company_slug=company.slug, now=now, randbytes=secrets.token_bytes
    )
    plain = compose(
        sender=company.work_address(each.comer.person),
        to=settings.OPENMAI.inbound_address,
        subject=f"Openmai {awaited.bind}",
        text="",
        now=now,
        token=secrets.token_hex(12),
    )
    signed = signed_by_employer(plain, domain=company.domain, keys=keys, now=now)
    accept_mail(raw=signed, now=now, look_up=look_up)
