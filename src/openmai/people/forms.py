"""What members type about their employment. A domain refusal is shown beside the field that caused it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from openmai.people.actions.badge import MAX_NUMBER
from openmai.people.actions.codes import DIGITS
from openmai.people.badge_reasons import CHOICES, REASONS


class WorkAddressForm(forms.Form):
    """The work address that a code goes to."""

    address = forms.CharField(
        label=_("Work address"),
        max_length=254,
        help_text=_("At exactly a domain of your company. It is used once and kept only as a keyed hash."),
        widget=forms.EmailInput(attrs={"autocomplete": "off", "inputmode": "email", "spellcheck": "false"}),
    )


class CodeForm(forms.Form):
    """The code that arrived there."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Not with the class: `%` would fix the language in which the process started.
        self.fields["code"].help_text = _("%(digits)d digits; spaces do not matter.") % {"digits": DIGITS}


class BadgeForm(forms.Form):
    """A picture of a badge or document, and of which company it is."""

    company = forms.SlugField(max_length=63, widget=forms.HiddenInput)
    picture = forms.FileField(
        label=_("Picture"),
        help_text=_("JPEG, PNG or WebP, at most 8 MB. Name, company and staff number must be readable."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )


class VoteForm(forms.Form):
    """A reviewer's word: the number, or a reason."""

    number = forms.CharField(
        label=_("Number on the document"),
        required=False,
        max_length=MAX_NUMBER,
        help_text=_("The staff number as you read it. The other reviewer does not see what you typed."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    refusal = forms.ChoiceField(
        label=_("Or refuse it, because"),
        required=False,
        choices=[("", _("I do not refuse it")), *((code, REASONS[code]) for code in CHOICES)],
    )


class CompanyForm(forms.Form):
    """Which company a signed mail will come from, by its slug."""

    company = forms.SlugField(max_length=63, widget=forms.HiddenInput)


class ReplaceForm(forms.Form):
    """That the key is given up knowingly."""

    understood = forms.BooleanField(label=_("My key is lost, and I understand what giving it up means."))
