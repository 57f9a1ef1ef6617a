"""Why a document was refused, in words that tell its sender what to do."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from openmai.people.errors import Text

REASONS: Final[dict[str, Text]] = {
    "unreadable": _("The picture could not be read. Send a sharper one."),
    "other-name": _("The name on the document is not the name of your account."),
    "other-company": _("The document is not of this company."),
    "no-number": _("The document shows no number of yours, such as a staff number. Send one that does."),
    "too-old": _("The document is no longer valid, or shows no date. Send a current one."),
    "not-genuine": _("The reviewers could not convince themselves that the document is genuine."),
    "number-differs": _("The two reviewers read different numbers on it. Send a sharper picture."),
    "number-taken": _("A document with this number already verifies another account."),
}
# What a reviewer may choose; the other two come from comparing.
CHOICES: Final = ("unreadable", "other-name", "other-company", "no-number", "too-old", "not-genuine")
