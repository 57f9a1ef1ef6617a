"""Whether the addresses and log-ins that evidence rests on are this employment's and nobody else's."""

from openmai.people.errors import PeopleError
from openmai.people.models import AddressClaim, Employment


class ClaimMissing(PeopleError):
    """An address or log-in is not claimed, or by another account."""


def check_claims(employment: Employment, claims: list[bytes]) -> None:
    """Raise `ClaimMissing` unless every claim is held by this member at this company."""
    held = AddressClaim.objects.filter(
        address__in=claims,
        employment__member=employment.member_id,
        employment__company=employment.company_id,
    )
    if held.count() != len(set(claims)):
        raise ClaimMissing
