"""The member's language, from the environment, by the same catalogue as the pages. No Django here."""

import gettext as catalogue
import os
from importlib.resources import files
from typing import Literal

from openmai.anonymity.errors import AnonymityError

__all__ = ["gettext", "language", "ngettext", "pgettext", "reason_of"]


def _wanted() -> str:
    """The first language tag that the environment names, as POSIX has it."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return value.split(":")[0]
    return "en"


def language() -> Literal["en", "zh"]:
    """ "zh" or "en": whose alias and label to show."""
    return "zh" if _wanted().lower().startswith("zh") else "en"


_translations = catalogue.translation(
    "django",
    str(files("openmai") / "locale"),
    languages=["zh_Hans"] if language() == "zh" else ["en"],
    fallback=True,
)
gettext = _translations.gettext
ngettext = _translations.ngettext
pgettext = _translations.pgettext


def reason_of(error: AnonymityError) -> str:
    """What the protocol's own package refused, in the member's language."""
    return error.told(gettext)
