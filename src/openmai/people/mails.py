"""What the site writes to people. Plain text; nothing that names an employer on a lock screen."""

from datetime import date

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


def tell_badge_decided(member: Member, *, reason: Text, page: str) -> None:
    """To the personal address: what the reviewers said; `reason` is "" if they accepted."""
    with translation.override(member.language):
        said = reason or _("Your document was accepted. From the next epoch on you have the label.")
        body = _("Hello %(name)s,\n\n%(said)s\n\nThe picture has been deleted.\n\n%(page)s\n") % {
            "name": member.real_name,
            "said": said,
            "page": page,
        }
        EmailMessage(subject=_("Your document was looked at"), body=body, to=[member.email]).send()


def remind_to_verify(member: Member, *, until: date, page: str) -> None:
    """To the personal address: an employment will run out."""
    with translation.override(member.language):
        body = _(
            "Hello %(name)s,\n\n"
            "one of your employments was verified a while ago and holds until %(day)s. Verify it again to "
            "keep its label; it takes two minutes.\n\n%(page)s\n"
        ) % {"name": member.real_name, "day": until.isoformat(), "page": page}
        EmailMessage(subject=_("Please verify again"), body=body, to=[member.email]).send()


def tell_employment_ended(member: Member, *, page: str) -> None:
    """To the personal address: the operator ended an employment."""
    with translation.override(member.language):
        body = _(
            "Hello %(name)s,\n\n"
            "the operator of this site has ended one of your employments. Its label goes with the next "
            "epoch.\n\n%(page)s\n"
        ) % {"name": member.real_name, "page": page}
        EmailMessage(subject=_("An employment was ended"), body=body, to=[member.email]).send()


def tell_key_replaced(member: Member, *, page: str) -> None:
    """To the personal address: somebody, logged in as the member, has given up the key."""
    with translation.override(member.language):
        body = _(
            "Hello %(name)s,\n\n"
            "your anonymous key of this season was given up as lost. It leaves the lists with their next "
            "epoch, and you can register another one.\n\n"
            "If that was not you, somebody else is logged in as you: change your password now.\n\n%(page)s\n"
        ) % {"name": member.real_name, "page": page}
        EmailMessage(subject=_("Your anonymous key was given up"), body=body, to=[member.email]).send()


def tell_season_ending(member: Member, *, ends: date, page: str) -> None:
    """To the personal address: the season ends within a week."""
    with translation.override(member.language):
        body = _(
            "Hello %(name)s,\n\n"
            "the season ends on %(date)s. From that day on you need a new anonymous key: each season has one "
            "of its own, so that a lost device tells nothing of the seasons before. There is nothing to do "
            "before that day; then open this page:\n\n%(page)s\n"
        ) % {"name": member.real_name, "date": ends.isoformat(), "page": page}
        EmailMessage(subject=_("The season ends soon"), body=body, to=[member.email]).send()


def tell_season_begun(member: Member, *, page: str) -> None:
    """To the personal address: there is no key for the new season yet."""
    with translation.override(member.language):
        body = _(
            "Hello %(name)s,\n\n"
            "a new season has begun, and you have registered no anonymous key for it yet. It takes two "
            "minutes:\n\n%(page)s\n\n"
            "Last season's key still answers in last season's threads for two weeks.\n"
        ) % {"name": member.real_name, "page": page}
        EmailMessage(subject=_("A new season: register your new key"), body=body, to=[member.email]).send()
