"""A member's commitment for a season: the ticket for it, and the answer that spends the ticket."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from openmai.anonymity.enrolment import verify_enrolment
from openmai.anonymity.fields import be32
from openmai.anonymity.seasons import season_at
from openmai.anonymity.tickets import Answer, Ticket, encode_ticket
from openmai.people import limits
from openmai.people.actions.evidence import give_word
from openmai.people.conf import config, domain
from openmai.people.errors import Refused
from openmai.people.models import Enrolment, Member
from openmai.people.queries.membership import current_enrolment, rosters_of_member
from openmai.people.tickets import RANDOM_BYTES, make_nonce, nonce_expiry


class UnknownTicket(Refused):
    code = "unknown-ticket"


class TicketExpired(Refused):
    code = "ticket-expired"


class TicketUsed(Refused):
    code = "ticket-used"


class AlreadyEnrolled(Refused):
    code = "already-enrolled"


class CommitmentTaken(Refused):
    code = "commitment-taken"


@dataclass(frozen=True)
class Enrolled:
    """What the device is told: `rosters` are those that the commitment will stand in from the next epoch."""

    commitment: int
    season: str
    rosters: list[str]


def issue_ticket(*, member_id: UUID, now: datetime, randbytes: Callable[[int], bytes]) -> str:
    """A ticket (base64url) for the member's key of this season; raise `AlreadyEnrolled`."""
    season = season_at(int(now.timestamp())).id
    if current_enrolment(member_id=member_id, season=season) is not None:
        raise AlreadyEnrolled(_("You have created your key for this season already."))
    account = str(member_id)
    nonce = make_nonce(account=account, season=season, now=now, random=randbytes(RANDOM_BYTES))
    return encode_ticket(Ticket(account=account, nonce=nonce, season=season, site=config().site_id))


def enrol(*, answer: Answer, now: datetime) -> Enrolled:
    """Spend a ticket on a commitment.

    Raise `UnknownTicket`, `TicketExpired`, `TicketUsed`, `AlreadyEnrolled`, `CommitmentTaken`, `LimitReached`
    or what `verify_enrolment` raises.
    """
    ticket = answer.ticket
    member = _holder(ticket, now)
    spent = sha256(ticket.nonce).digest()
    _check_unspent(member, ticket.season, spent)
    limits.take(limits.ENROLMENTS_PER_MEMBER, subject=member.id.bytes, on=now.date())
    proved = verify_enrolment(
        domain=domain(ticket.season),
        account=ticket.account,
        nonce=ticket.nonce,
        commitment=answer.commitment,
        nullifier=answer.nullifier,
        proof=answer.proof,
    )
    try:
        with transaction.atomic():
            Enrolment.objects.create(
                member=member,
                season=ticket.season,
                commitment=be32(proved.commitment),
                nullifier=be32(int(answer.nullifier)),
                proof=bytes.fromhex(answer.proof),
                message=be32(_message(ticket)),
                ticket=spent,
                enrolled_on=now.date(),
            )
            give_word(member_id=member.id, season=ticket.season, on=now.date())
    except IntegrityError as error:
        _check_unspent(member, ticket.season, spent)
        raise CommitmentTaken(_("This key is registered for another account. Create a new one.")) from error
    rosters = rosters_of_member(member_id=member.id, season=ticket.season, on=now.date())
    return Enrolled(proved.commitment, ticket.season, rosters)


def _message(ticket: Ticket) -> int:
    return domain(ticket.season).enrol_message(account=ticket.account, nonce=ticket.nonce)


def _holder(ticket: Ticket, now: datetime) -> Member:
    """Whose ticket it is, if it was issued here for this season and is still good."""
    expiry = nonce_expiry(ticket.nonce, account=ticket.account, season=ticket.season)
    if expiry is None:
        raise UnknownTicket(_("This ticket was not issued by this site."))
    if expiry <= now or ticket.season != season_at(int(now.timestamp())).id:
        raise TicketExpired(_("A ticket is good for one hour. Get a new one on the enrolment page."))
    member = Member.objects.filter(id=ticket.account, is_active=True).first()
    if member is None:
        raise UnknownTicket(_("The account that asked for this ticket is gone."))
    return member


def _check_unspent(member: Member, season: str, spent: bytes) -> None:
    if Enrolment.objects.filter(member=member, ticket=spent).exists():
        raise TicketUsed(_("This ticket has been used; your key is registered."))
    if current_enrolment(member_id=member.id, season=season) is not None:
        raise AlreadyEnrolled(_("You have created your key for this season already."))
