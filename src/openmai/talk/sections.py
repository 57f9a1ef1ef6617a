"""The sections of Job Talk: a fixed list, because a section is a decision of the operator and not of a
visitor.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Section:
    """Where a thread belongs. `about_en` and `about_zh` say what it is for."""

    slug: str
    en: str
    zh: str
    about_en: str
    about_zh: str

    def name(self, language: str) -> str:
        return self.zh if language.startswith("zh") else self.en

    def about(self, language: str) -> str:
        return self.about_zh if language.startswith("zh") else self.about_en


SECTIONS: Final = (
    Section(
        "work", "Work", "职场", "Teams, managers, hours, how work is done", "团队、上级、工时，活是怎么干的"
    ),
    Section(
        "pay", "Pay and benefits", "薪酬福利", "Wages, raises, overtime, benefits", "工资、涨薪、加班费、福利"
    ),
    Section("interviews", "Interviews", "面试", "Hiring, interviews, offers", "招聘、面试、录用"),
    Section(
        "layoffs",
        "Layoffs and leaving",
        "裁员离职",
        "Cuts, notice, severance, resigning",
        "裁员、通知期、补偿、离职",
    ),
    Section("off-topic", "Off topic", "茶水间", "Everything else among colleagues", "同事之间的其他话题"),
)
BY_SLUG: Final = {section.slug: section for section in SECTIONS}
