"""Forms of the account pages that differ from allauth's own."""

import unicodedata
from typing import Any

from allauth.account.forms import SignupForm as AllauthSignupForm
from django import forms
from django.utils.translation import gettext_lazy as _

NAME_MAX = 60


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


class SignupForm(AllauthSignupForm):  # type: ignore[misc] # allauth is untyped
    """Real name, personal e-mail, password."""

    real_name = forms.CharField(
        label=_("Real name"),
        max_length=NAME_MAX,
        help_text=_("This side of Openmai is under real names. Job Talk never sees it."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ("real_name", "email", "password1")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("Personal e-mail")
        self.fields["email"].help_text = _("Not your work address: that one comes later and is not kept.")
        self.fields["password1"].help_text = _("At least 10 characters. A sentence is good.")
        for name in ("email", "password1"):
            self.fields[name].widget.attrs.pop("placeholder", None)

    def clean_real_name(self) -> str:
        return clean_real_name(self.cleaned_data["real_name"])
