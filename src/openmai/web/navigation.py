"""The navigation bar: what is built, and nothing else. Each site's settings hold its items."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from django.urls import reverse
from django.utils.functional import Promise


@dataclass(frozen=True, kw_only=True)
class NavItem:
    """One destination. `view` is a URL name; `tab` puts it among the phone's bottom tabs (five at most);
    `audience` says who sees it; `short` is the label where a tab has room for one word."""

    view: str
    label: str | Promise
    icon: str
    short: str | Promise | None = None
    tab: bool = True
    audience: Literal["all", "member", "visitor"] = "all"


@dataclass(frozen=True)
class NavLink:
    """An item as one page shows it."""

    href: str
    label: str | Promise
    short: str | Promise
    icon: str
    tab: bool
    current: bool


def links(items: Iterable[NavItem], *, path: str, member: bool) -> list[NavLink]:
    """What a member or a visitor sees at `path`; the longest address that `path` lies under is current."""
    shown = [item for item in items if item.audience in ("all", "member" if member else "visitor")]
    hrefs = [reverse(item.view) for item in shown]
    under = [href for href in hrefs if path == href or (path.startswith(href) and href.count("/") > 2)]
    current = max(under, key=len, default=None)
    return [
        NavLink(href, item.label, item.short or item.label, item.icon, item.tab, href == current)
        for item, href in zip(shown, hrefs, strict=True)
    ]
