"""What every page knows about itself: site, language, navigation, and the way to the other site."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language

from openmai.platform.config import Contact
from openmai.web.filters import zone_name
from openmai.web.navigation import NavLink, links
from openmai.web.security import Site

# Django's code of a language → (BCP 47 tag for `lang`, its own name, its short name on the switch).
LANGUAGE_NAMES = {
    "en": ("en", "English", "EN"),
    "zh-hans": ("zh-Hans", "简体中文", "中文"),
}


@dataclass(frozen=True)
class LanguageLink:
    """The same page in one language."""

    code: str
    tag: str
    name: str
    short: str
    href: str
    current: bool


@dataclass(frozen=True)
class Page:
    """The frame of a page. `member` is true when a signed-in member reads it (never on talk)."""

    site: Site
    language: str
    tag: str
    home: str
    here: str
    people_origin: str
    talk_origin: str
    other_site: str
    demo: bool
    zone: str
    contact: Contact | None
    member: bool
    nav: list[NavLink]
    languages: list[LanguageLink]


def in_language(path: str, code: str) -> str:
    """`path` (with its query) under another language's prefix; without a prefix, the front page."""
    parts = path.split("/", 2)
    if len(parts) > 2 and parts[1] in LANGUAGE_NAMES:
        return f"/{code}/{parts[2]}"
    return f"/{code}/"


def _current_language() -> str:
    code = (get_language() or settings.LANGUAGE_CODE).lower()
    return code if code in LANGUAGE_NAMES else "en"


def build_page(*, path: str, member: bool, navigation: bool = True) -> Page:
    """The frame for `path` (with its query), in the language now active; `navigation` adds its bar."""
    code = _current_language()
    site: Site = settings.OPENMAI_SITE
    items = settings.OPENMAI_NAVIGATION if navigation else ()
    other = settings.TALK_ORIGIN if site == "people" else settings.PEOPLE_ORIGIN
    return Page(
        site=site,
        language=code,
        tag=LANGUAGE_NAMES[code][0],
        home=f"/{code}/",
        here=path,
        people_origin=settings.PEOPLE_ORIGIN,
        talk_origin=settings.TALK_ORIGIN,
        other_site=f"{other}/{code}/",
        demo=settings.OPENMAI_DEMO,
        zone=zone_name(timezone.now()),
        contact=settings.OPENMAI_CONTACT,
        member=member,
        nav=links(items, path=path.split("?", 1)[0], member=member),
        languages=[
            LanguageLink(each, *names, href=in_language(path, each), current=each == code)
            for each, names in LANGUAGE_NAMES.items()
        ],
    )


def page(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `page`. Asks for the user only where the site has users."""
    user = getattr(request, "user", None)
    member = bool(user is not None and user.is_authenticated)
    return {"page": build_page(path=request.get_full_path(), member=member)}
