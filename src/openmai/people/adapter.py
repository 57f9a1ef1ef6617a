"""How django-allauth makes, names and mails a member."""

from typing import Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from openmai.people.models import Member
from openmai.platform.clock import utc_now

EMAIL_MAX: Final = 254


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc] # allauth is untyped
    """Members are named by their real name, and the day is all that is kept of their sign-up."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("The e-mail address or the password is wrong."),
        "enter_current_password": _("This is not your password."),
    }

    def save_user(self, request: HttpRequest, user: Member, form: BaseForm, commit: bool = True) -> Member:
        user.real_name = form.cleaned_data["real_name"]
        user.language = language_of_mails(get_language())
        user.joined_on = utc_now().date()
        saved: Member = super().save_user(request, user, form, commit=commit)
        return saved

    def login(self, request: HttpRequest, user: Member) -> None:
        """The language that a member logs in with is the one that later mails are written in."""
        language = language_of_mails(get_language())
        if user.language != language:
            user.language = language
            user.save(update_fields=["language"])
        super().login(request, user)

    def clean_email(self, email: str) -> str:
        # allauth would cut a longer address to the size of its column, and mail a stranger.
        if len(email) > EMAIL_MAX:
            raise ValidationError(_("This address is too long."))
        return email

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """allauth adds address, browser and time of the request to its notices; we mail none of them."""
        hidden = {"ip", "user_agent", "timestamp"}
        super().send_mail(template_prefix, email, {k: v for k, v in context.items() if k not in hidden})


def language_of_mails(code: str | None) -> str:
    return "zh-hans" if (code or "").lower().startswith("zh") else "en"
