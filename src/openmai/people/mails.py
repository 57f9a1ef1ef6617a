"""What the site writes to people. Plain text; nothing that names an employer on a lock screen."""

from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.translation import gettext as _

from openmai.people.errors import Text
from openmai.people.models import Member


def send_code(*, address: str, code: str, minutes: int) -> None:
    """The one-time code, to the work address; in the language of the page that asked for it."""
    body = _(
        "Your code is %(code)s\n\n"
        "Enter it on the page that you left open. It is good for %(minutes)d minutes and works once.\n"
        "If you did not ask for it, somebody mistyped an address; you need not do anything.\n"
    ) % {"code": code, "minutes": minutes}
    EmailMessage(subject=_("Your code"), body=body, to=[address]).send()


def tell_mail_accepted(member: Member, *, page: str) -> None:
    """To the personal address: the signed mail was accepted. `page` is a URL."""
    with translation.override(member.language):
        body = _(
            "Hello %(name)s,\n\n"
            "the mail that you sent as evidence was checked and accepted. From the next epoch on you speak "
            "with a label that anyone can check.\n\n%(page)s\n"
        ) % {"name": member.real_name, "page": page}
        EmailMessage(subject=_("Your evidence was accepted"), body=body, to=[member.email]).send()


def tell_mail_refused(member: Member, *, reason: Text, page: str) -> None:
    """To the personal address: why the signed mail proves nothing."""
    with translation.override(member.language):
        body = _(
            "Hello %(name)s,\n\n"
            "a mail came in for your evidence, but it could not be accepted:\n\n%(reason)s\n\n"
            "You can try again here:\n%(page)s\n"
        ) % {"name": member.real_name, "reason": reason, "page": page}
        EmailMessage(subject=_("Your evidence was not accepted"), body=body, to=[member.email]).send()


def tell_employment_ended(member: Member, *, page: str) -> None:
    """To the personal address: the operator ended an employment."""
    with translation.override(member.language):
        body = _(
            "Hello %(name)s,\n\n"
            "the operator of this site has ended one of your employments. Its label goes with the next "
            "epoch.\n\n%(page)s\n"
        ) % {"name": member.real_name, "page": page}
        EmailMessage(subject=_("An employment was ended"), body=body, to=[member.email]).send()
