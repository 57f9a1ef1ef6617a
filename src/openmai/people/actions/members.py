"""Members without the sign-up page: for seeds, tests and the operator."""

from datetime import datetime
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import transaction

from openmai.people.account_forms import clean_real_name
from openmai.people.models import Member


@transaction.atomic
def register_member(
    *, email: str, real_name: str, password: str | None, language: str = "en", now: datetime
) -> UUID:
    """A member with an unconfirmed personal address; None as password means no log-in until it is reset."""
    member = Member.objects.create_user(
        email=email,
        password=password,
        real_name=clean_real_name(real_name),
        language=language,
        joined_on=now.date(),
    )
    EmailAddress.objects.create(user=member, email=member.email, primary=True, verified=False)
    return member.id


def confirm_email(*, member_id: UUID) -> None:
    """What the link in the confirmation mail does."""
    EmailAddress.objects.filter(user_id=member_id, primary=True).update(verified=True)
