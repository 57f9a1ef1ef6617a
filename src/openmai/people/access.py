"""The gatekeepers: private rows are reached through these, and only by their owner.

Each raises `Http404` for a stranger, exactly as for a row that does not exist.
"""

from uuid import UUID

from django.http import Http404, HttpRequest

from openmai.people.models import CodeChallenge, Employment, MailProof, Member


def member_of(request: HttpRequest) -> Member:
    """The logged-in member; only behind `login_required`."""
    if not isinstance(request.user, Member):
        raise Http404
    return request.user


def own_employment(member: Member, employment_id: UUID) -> Employment:
    employment = Employment.objects.filter(id=employment_id, member=member).first()
    if employment is None:
        raise Http404
    return employment


def own_mail_proof(member: Member, proof_id: UUID) -> MailProof:
    proof = MailProof.objects.filter(id=proof_id, member=member).first()
    if proof is None:
        raise Http404
    return proof


def own_challenge(member: Member) -> CodeChallenge | None:
    """The code on its way to this member, if any."""
    return CodeChallenge.objects.filter(member=member).first()
