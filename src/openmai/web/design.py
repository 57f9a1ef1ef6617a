"""What the design-system page shows: a form in every state, and invented voices. No data of anybody."""

from dataclasses import dataclass
from hashlib import sha256

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

COLOURS = (
    ("base-100", "base-content"),
    ("base-200", "base-content"),
    ("base-300", "base-content"),
    ("primary", "primary-content"),
    ("primary-soft", "base-content"),
    ("secondary", "secondary-content"),
    ("accent", "accent-content"),
    ("neutral", "neutral-content"),
    ("info", "info-content"),
    ("success", "success-content"),
    ("warning", "warning-content"),
    ("error", "error-content"),
)

FACES = ("林晓雨", "王建国", "Maria Keller", "Ada Okafor", "陈思远", "Jonas Berg")


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(label=_("Real name"), max_length=40, help_text=_("As your colleagues know you."))
    email = forms.EmailField(label=_("Work address"))
    password = forms.CharField(label=_("Password"), widget=forms.PasswordInput)
    trade = forms.ChoiceField(
        label=_("Trade"),
        choices=[("hospital", _("Hospital")), ("kitchen", _("Kitchen")), ("tech", _("Technology"))],
    )
    about = forms.CharField(label=_("About you"), widget=forms.Textarea(attrs={"rows": 4}), required=False)
    pace = forms.ChoiceField(
        label=_("When to appear"),
        widget=forms.RadioSelect,
        choices=[("next", _("With the next release")), ("day", _("Some time in the next day, safer"))],
        initial="next",
    )
    agree = forms.BooleanField(label=_("I have read the rules"))


@dataclass(frozen=True)
class Voice:
    """An invented persona."""

    name: str | Promise
    glyph: bytes
    kind: str
    label: str | Promise
    op: bool


def voices() -> list[Voice]:
    """Four personas, one of each kind of label and a second one of the first kind."""
    rows = (
        (_("Patient Otter"), "provable", _("Employee of Riverside Hospital"), True),
        (_("Amber Heron"), "attested", _("Employee of Northwind Freight"), False),
        (_("Quiet Lynx"), "site", _("A verified member"), False),
        (_("Copper Finch"), "provable", _("Employee of Jade Kitchen"), False),
    )
    return [
        Voice(name, sha256(kind.encode() + bytes([i])).digest()[8:], kind, label, op)
        for i, (name, kind, label, op) in enumerate(rows)
    ]


def more_glyphs(count: int = 12) -> list[bytes]:
    """Bytes for `count` further glyphs, the same at each call, one of each hue first."""
    return [bytes([i]) + sha256(bytes([i])).digest()[1:24] for i in range(count)]


def failed_form() -> SampleForm:
    """The form as it comes back: one field empty, one wrong, the rest as typed."""
    return SampleForm({"name": "", "email": "alice@", "trade": "kitchen", "about": "…", "pace": "day"})
