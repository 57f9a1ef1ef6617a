"""A persona as readers see it: alias, glyph and label, all drawn from what anyone can check."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from openmai.anonymity.aliases import alias_of
from openmai.anonymity.rosters import is_trade, roster_kind, roster_slug


@dataclass(frozen=True, slots=True)
class Voice:
    """`name_en` and `name_zh` are the alias as shown, `kind` is "provable", "attested" or "site", `op`
    marks whoever opened the thread.
    """

    nullifier: bytes
    key: bytes
    roster: str
    name_en: str
    name_zh: str
    glyph: bytes
    label_en: str
    label_zh: str
    op: bool

    @property
    def kind(self) -> str:
        return roster_kind(self.roster)

    def name(self, language: str) -> str:
        return self.name_zh if language.startswith("zh") else self.name_en

    def label(self, language: str) -> str:
        """What the persona says of itself, in the language of the page."""
        if self.kind == "site":
            return _("Verified member")
        company = self.label_zh if language.startswith("zh") else self.label_en
        if is_trade(self.roster):
            return _("Someone in %(trade)s") % {"trade": company}
        return _("Employee of %(company)s") % {"company": company}

    def backing(self) -> str:
        """What stands behind the label."""
        return {
            "provable": _("signed for by the employer"),
            "attested": _("vouched for by the operator"),
            "site": _("any company"),
        }[self.kind]

    def document(self) -> dict[str, object]:
        """docs/protocol.md §5, a persona of a thread."""
        slug = roster_slug(self.roster)
        return {
            "key": self.key.hex(),
            "nullifier": str(int.from_bytes(self.nullifier, "big")),
            "roster": self.roster,
            "kind": self.kind,
            "label": None if slug is None else {"slug": slug, "en": self.label_en, "zh": self.label_zh},
            "alias": {"en": self.name_en, "zh": self.name_zh},
            "opened": self.op,
        }


def voice(
    nullifier: bytes, key: bytes, roster: str, label_en: str, label_zh: str, numbered: bool, op: bool
) -> Voice:
    """The voice of a stored persona."""
    alias = alias_of(int.from_bytes(nullifier, "big"))
    return Voice(
        nullifier=nullifier,
        key=key,
        roster=roster,
        name_en=alias.shown("en", with_suffix=numbered),
        name_zh=alias.shown("zh", with_suffix=numbered),
        glyph=alias.glyph,
        label_en=label_en,
        label_zh=label_zh,
        op=op,
    )
