"""Employment by a one-time code to the work address (V1).

Whether an address verifies somebody else must not show. So a request for a taken or exhausted address leads
to the same page, with a challenge that no code can meet.
"""

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from openmai.anonymity.seasons import season_at
from openmai.people import limits, mails
from openmai.people.actions.employment import AddressTaken, address_is_free, begin_employment
from openmai.people.actions.evidence import give_word
from openmai.people.conf import keyed_hash
from openmai.people.errors import Refused
from openmai.people.freshness import may_verify_again
from openmai.people.models import CodeChallenge, Employment, Member
from openmai.people.work_address import WorkAddress, read_work_address

DIGITS: Final = 8
LIFETIME: Final = timedelta(minutes=15)
MAX_ATTEMPTS: Final = 5


class AlreadyVerified(Refused):
    """The member's employment at this company is verified already."""

    code = "already-verified"


class NoChallenge(Refused):
    """There is no code on its way to this member."""

    code = "no-code"


class CodeExpired(Refused):
    code = "code-expired"


class CodeExhausted(Refused):
    code = "code-exhausted"


class WrongCode(Refused):
    code = "wrong-code"


@transaction.atomic
def request_code(
    *, member_id: UUID, address: str, now: datetime, randbelow: Callable[[int], int]
) -> CodeChallenge:
    """Send a code to a work address. Raise `BadAddress`, `AlreadyVerified` or `LimitReached`."""
    work = read_work_address(address)
    member = Member.objects.get(id=member_id)
    active = Employment.objects.filter(member=member, company=work.company.id, ended_on=None).first()
    if active is not None and not may_verify_again(active, now):
        raise AlreadyVerified(
            _("Your employment at %(company)s is verified already.") % {"company": work.company.name}
        )
    limits.take(limits.CODES_PER_MEMBER, subject=member.id.bytes, on=now.date())
    limits.take(limits.CODES_PER_DAY, subject=b"", on=now.date())
    code = f"{randbelow(10**DIGITS):0{DIGITS}}"
    sent = _may_be_sent(work, member, now)
    CodeChallenge.objects.filter(member=member).delete()
    challenge = _challenge(member, work, code if sent else "", now)
    if sent:
        mails.send_code(address=work.mailbox, code=code, minutes=int(LIFETIME.total_seconds()) // 60)
    return challenge


def _may_be_sent(work: WorkAddress, member: Member, now: datetime) -> bool:
    free = address_is_free(claim=work.claim, member_id=member.id, on=now.date())
    try:
        limits.take(limits.CODES_PER_ADDRESS, subject=work.claim, on=now.date())
    except limits.LimitReached:
        return False
    return free


def _challenge(member: Member, work: WorkAddress, code: str, now: datetime) -> CodeChallenge:
    challenge_id = uuid4()
    return CodeChallenge.objects.create(
        id=challenge_id,
        member=member,
        company_id=work.company.id,
        address=work.claim,
        code=_code_hash(challenge_id, code),
        expires_at=now + LIFETIME,
    )


def _code_hash(challenge_id: UUID, code: str) -> bytes:
    return keyed_hash("code", challenge_id.bytes, code.encode())


def confirm_code(*, member_id: UUID, code: str, now: datetime) -> UUID:
    """Verify the employment, return its id; a `Refused` says why not and how many attempts are left."""
    with transaction.atomic():
        # A refusal is returned, not raised, so that the attempt is counted whatever comes of it.
        outcome = _try_code(member_id, code, now)
    if isinstance(outcome, Refused):
        raise outcome
    return outcome


def _try_code(member_id: UUID, code: str, now: datetime) -> UUID | Refused:
    challenge = CodeChallenge.objects.select_for_update().filter(member=member_id).first()
    if challenge is None:
        return NoChallenge(_("No code is on its way. Ask for one first."))
    if challenge.expires_at <= now:
        challenge.delete()
        return CodeExpired(_("This code has expired. Ask for a new one."))
    if challenge.attempts >= MAX_ATTEMPTS:
        return CodeExhausted(_("Too many wrong codes. Ask for a new one."))
    challenge.attempts += 1
    challenge.save(update_fields=["attempts"])
    typed = "".join(code.split()).replace("-", "")
    if len(typed) != DIGITS or not hmac.compare_digest(
        bytes(challenge.code), _code_hash(challenge.id, typed)
    ):
        return _wrong(challenge)
    return _verified(challenge, now)


def _verified(challenge: CodeChallenge, now: datetime) -> UUID | Refused:
    try:
        with transaction.atomic():
            employment = begin_employment(
                member=challenge.member,
                company_id=challenge.company_id,
                claims=[bytes(challenge.address)],
                method=Employment.Method.CODE,
                on=now.date(),
            )
    except AddressTaken:
        # Somebody else verified with it in these minutes. Said in the words of a wrong code, see above.
        return _wrong(challenge)
    season = season_at(int(now.timestamp())).id
    give_word(member_id=challenge.member_id, season=season, on=now.date())
    challenge.delete()
    return employment.id


def _wrong(challenge: CodeChallenge) -> Refused:
    left = MAX_ATTEMPTS - challenge.attempts
    if left == 0:
        return CodeExhausted(_("Too many wrong codes. Ask for a new one."))
    return WrongCode(
        ngettext(
            "This is not the code. %(left)d attempt is left.",
            "This is not the code. %(left)d attempts are left.",
            left,
        )
        % {"left": left}
    )
