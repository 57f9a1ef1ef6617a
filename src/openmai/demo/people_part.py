"""The people side of the demo's community: companies, members, employments, keys, all by the site's verbs.

Members verify by the code that the site mails to their work address; here the mail stays in the process.
Their secrets go to the talk part, and nowhere else.
"""

import secrets
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import mail

from openmai.anonymity.encoding import Domain
from openmai.anonymity.enrolment import prove_enrolment
from openmai.anonymity.prover import Prover, new_secret
from openmai.anonymity.tickets import build_answer, decode_ticket, parse_answer
from openmai.companies.actions import register_company
from openmai.demo.artifacts import read_artifacts
from openmai.demo.community import PASSWORD, Person, people, timeline
from openmai.demo.companies import COMPANIES
from openmai.people.actions import (
    confirm_code,
    confirm_email,
    enrol,
    issue_ticket,
    publish_rosters,
    register_member,
    request_code,
)


def run(inbox: dict[str, Any], *, now: datetime, progress: Callable[[str], None]) -> dict[str, Any]:
    """Register everybody and publish; answers with log-ins, and with each speaker's secret by e-mail."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    when = timeline(now)
    for company in COMPANIES:
        register_company(
            slug=company.slug,
            name_en=company.en,
            name_zh=company.zh,
            trade=company.trade,
            domains=[company.domain],
            on=when.began.date(),
        )
    prover = Prover(read_artifacts(settings.OPENMAI.static_dir, 1))
    held: dict[str, str] = {}
    # Published twice: who was there the first time is the settled crowd of the second.
    for late, then in enumerate(when.rosters):
        for person in people(late=bool(late)):
            held[person.email] = str(_join(person, prover=prover, now=then))
        published = publish_rosters(now=then)
        progress(f"{len(held)} members, {len(published.rosters)} rosters")
    return {"secrets": held, "logins": list(_logins())}


def _join(person: Person, *, prover: Prover, now: datetime) -> int:
    """What a newcomer does on the site, in the same order; returns the secret."""
    member = register_member(
        email=person.email,
        real_name=person.name,
        password=PASSWORD if person.logs_in else None,
        language=person.language,
        now=now,
    )
    confirm_email(member_id=member)
    request_code(member_id=member, address=person.work_address, now=now, randbelow=secrets.randbelow)
    confirm_code(member_id=member, code=_mailed_code(), now=now)
    return _enrol(member, prover=prover, now=now)


def _mailed_code() -> str:
    """The code in the newest mail: its only run of six or more digits."""
    message = mail.outbox.pop()
    mail.outbox.clear()
    words = str(message.body).replace("\n", " ").split()
    return next(word for word in words if word.isdecimal() and len(word) >= 6)


def _enrol(member: UUID, *, prover: Prover, now: datetime) -> int:
    secret = new_secret(secrets.randbelow)
    ticket = decode_ticket(issue_ticket(member_id=member, now=now, randbytes=secrets.token_bytes))
    domain = Domain(site=ticket.site, season=ticket.season)
    commitment, proof = prove_enrolment(
        prover,
        secret=secret,
        domain=domain,
        account=ticket.account,
        nonce=ticket.nonce,
        randbelow=secrets.randbelow,
    )
    body = build_answer(ticket=ticket, commitment=commitment, proof=proof)
    enrol(answer=parse_answer(body, domain=domain), now=now)
    return secret


def _logins() -> Iterator[dict[str, str]]:
    for person in people():
        if person.logs_in:
            yield {"email": person.email, "password": PASSWORD, "note": f"{person.name}, {person.company.en}"}
