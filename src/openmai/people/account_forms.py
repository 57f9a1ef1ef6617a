"""Forms of the account pages that differ from allauth's own."""

import unicodedata
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from allauth.account import forms as allauth
from django import forms
from django.utils.translation import gettext_lazy as _

NAME_MAX = 60
Words = Mapping[str, Any]
_PASSWORD_ADVICE: Final = _("At least 10 characters. A sentence is good.")


def clean_real_name(text: str) -> str:
    """A name as it may be shown: NFC, single spaces, letters and marks; raise `ValidationError`."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name or len(name) > NAME_MAX:
        raise forms.ValidationError(_("Give a name of 1 to %(max)d characters.") % {"max": NAME_MAX})
    # Control and format characters (Cc, Cf) could reverse or hide what stands beside the name.
    if any(unicodedata.category(each)[0] not in "LMZ" and each not in "'’.·-" for each in name):
        raise forms.ValidationError(_("Use letters only; your name as colleagues know it."))
    if not any(unicodedata.category(each).startswith("L") for each in name):
        raise forms.ValidationError(_("Use letters only; your name as colleagues know it."))
    return name


class _Worded:
    """Our words on allauth's fields. A label says what a field is for, so no placeholder says it again."""

    labels: ClassVar[Words] = {}
    helps: ClassVar[Words] = {}
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)
            field.help_text = self.helps.get(name, field.help_text)


class LoginForm(_Worded, allauth.LoginForm):  # type: ignore[misc] # allauth is untyped
    labels: ClassVar[Words] = {"login": _("Personal e-mail"), "remember": _("Stay logged in on this device")}


class ResetPasswordForm(_Worded, allauth.ResetPasswordForm):  # type: ignore[misc] # allauth is untyped
    labels: ClassVar[Words] = {"email": _("Personal e-mail")}


class ResetPasswordKeyForm(_Worded, allauth.ResetPasswordKeyForm):  # type: ignore[misc] # allauth is untyped
    labels: ClassVar[Words] = {"password1": _("New password"), "password2": _("New password, once more")}
    helps: ClassVar[Words] = {"password1": _PASSWORD_ADVICE}


class ChangePasswordForm(_Worded, allauth.ChangePasswordForm):  # type: ignore[misc] # allauth is untyped
    labels: ClassVar[Words] = {"oldpassword": _("Password now"), **ResetPasswordKeyForm.labels}
    helps: ClassVar[Words] = ResetPasswordKeyForm.helps


class AddEmailForm(_Worded, allauth.AddEmailForm):  # type: ignore[misc] # allauth is untyped
    labels: ClassVar[Words] = {"email": _("New personal e-mail")}


class SignupForm(_Worded, allauth.SignupForm):  # type: ignore[misc] # allauth is untyped
    """Real name, personal e-mail, password."""

    real_name = forms.CharField(
        label=_("Real name"),
        max_length=NAME_MAX,
        help_text=_("This side of Openmai is under real names. Job Talk never sees it."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ("real_name", "email", "password1")

    labels: ClassVar[Words] = {"email": _("Personal e-mail")}
    helps: ClassVar[Words] = {
        "email": _("Not your work address: that one comes later and is not kept."),
        "password1": _PASSWORD_ADVICE,
    }

    def clean_real_name(self) -> str:
        return clean_real_name(self.cleaned_data["real_name"])
