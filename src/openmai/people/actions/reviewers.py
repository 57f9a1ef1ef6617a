"""Who may look at documents: named by the operator."""

from datetime import date

from django.utils.translation import gettext_lazy as _

from openmai.people.errors import Refused
from openmai.people.models import Member, Reviewer


class NoSuchMember(Refused):
    code = "no-such-member"


def _member(email: str) -> Member:
    member = Member.objects.filter(email=email.lower(), is_active=True).first()
    if member is None:
        raise NoSuchMember(_("No member has the address %(email)s.") % {"email": email})
    return member


def name_reviewer(*, email: str, on: date) -> None:
    """Let a member look at documents; raise `NoSuchMember`."""
    Reviewer.objects.update_or_create(member=_member(email), defaults={"since_on": on, "ended_on": None})


def dismiss_reviewer(*, email: str, on: date) -> None:
    """From now on the member looks at none; what was voted stays. Raise `NoSuchMember`."""
    ended = Reviewer.objects.filter(member=_member(email), ended_on=None).update(ended_on=on)
    if not ended:
        raise NoSuchMember(_("%(email)s is no reviewer.") % {"email": email})
