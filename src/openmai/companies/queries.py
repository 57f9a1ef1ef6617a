"""What is read from the registry."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from django.db.models import Q
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _

from openmai.companies.domains import CompanyError, Text, canonical_domain, skeleton
from openmai.companies.models import Company, CrowdFacts, Domain, Trade

PAGE_SIZE: Final = 30
SEARCH_MAX: Final = 80


@dataclass(frozen=True)
class CompanyCard:
    """A company as pages show it."""

    id: UUID
    slug: str
    name_en: str
    name_zh: str
    trade: str

    @property
    def name(self) -> str:
        """The name in the language now active."""
        return self.name_zh if (get_language() or "").startswith("zh") else self.name_en

    @property
    def other_name(self) -> str:
        """The name in the other language, or nothing if it is the same."""
        other = self.name_en if self.name == self.name_zh else self.name_zh
        return "" if other == self.name else other

    @property
    def trade_name(self) -> str:
        return str(Trade(self.trade).label)


OTHER_TRADE: Final = Trade.OTHER.value


def trade_names(trade: str) -> tuple[str, str]:
    """The name of a trade in English and in Chinese."""
    label = Trade(trade).label
    names = []
    for language in ("en", "zh-hans"):
        with override(language):
            names.append(str(label))
    english, chinese = names
    return english, chinese


def trade_name(trade: str) -> str:
    """In the language now active."""
    return str(Trade(trade).label)


def companies_of_trade(trade: str) -> list[UUID]:
    return list(Company.objects.filter(trade=trade).values_list("id", flat=True))


@dataclass(frozen=True)
class Crowd:
    """A company's verified staff as of the last epoch; the shares are percentages in steps of ten."""

    live: int
    provable: int
    season_share: int | None
    half_year_share: int | None
    older_share: int | None
    published_on: date


@dataclass(frozen=True)
class CompanyPage:
    """One page of a list: the companies, and the slug to continue after (None at the end)."""

    companies: list[CompanyCard]
    next_after: str | None


class UnknownDomain(CompanyError):
    """No company has this very domain; `reason` says what it was perhaps meant to be."""

    def __init__(self, reason: Text) -> None:
        super().__init__(str(reason))
        self.reason = reason


_COLUMNS: Final = ("id", "slug", "name_en", "name_zh", "trade")


def find_companies(*, words: str = "", trade: str = "", after: str = "") -> CompanyPage:
    """Companies in the order of their slug whose name, slug or domain contains every word; keyset pages."""
    found = Company.objects.filter(slug__gt=after.replace("\0", ""))
    for word in words[:SEARCH_MAX].replace("\0", "").split():
        found = found.filter(
            Q(name_en__icontains=word)
            | Q(name_zh__icontains=word)
            | Q(slug__icontains=word)
            | Q(domains__name__icontains=word)
        )
    if trade:
        found = found.filter(trade=trade)
    rows = list(found.order_by("slug").distinct().values_list(*_COLUMNS)[: PAGE_SIZE + 1])
    cards = [CompanyCard(*row) for row in rows[:PAGE_SIZE]]
    return CompanyPage(cards, cards[-1].slug if len(rows) > PAGE_SIZE else None)


def company_by_slug(slug: str) -> CompanyCard | None:
    row = Company.objects.filter(slug=slug.replace("\0", "")).values_list(*_COLUMNS).first()
    return CompanyCard(*row) if row else None


def crowd_of(company_id: UUID) -> Crowd | None:
    """None while the crowd is too small to be spoken of."""
    columns = ("live", "provable", "season_share", "half_year_share", "older_share", "published_on")
    row = CrowdFacts.objects.filter(company=company_id).values_list(*columns).first()
    return Crowd(*row) if row else None


def companies_by_id(ids: Iterable[UUID]) -> dict[UUID, CompanyCard]:
    rows = Company.objects.filter(id__in=set(ids)).values_list(*_COLUMNS)
    return {row[0]: CompanyCard(*row) for row in rows}


def domains_of(company_id: UUID) -> list[str]:
    """The company's mail domains, sorted."""
    return list(Domain.objects.filter(company=company_id).order_by("name").values_list("name", flat=True))


def companies_with_domains() -> list[tuple[CompanyCard, list[str]]]:
    """The whole registry, by slug, each company with its mail domains; two statements."""
    domains = defaultdict(list)
    for company_id, name in Domain.objects.order_by("name").values_list("company_id", "name"):
        domains[company_id].append(name)
    rows = Company.objects.order_by("slug").values_list(*_COLUMNS)
    return [(CompanyCard(*row), domains[row[0]]) for row in rows]


def company_of_domain(domain: str) -> CompanyCard:
    """The company that has exactly `domain`; raise `BadDomain` or `UnknownDomain` (naming a similar one).

    Equality only: a subdomain may belong to anyone who rents a page there, and a look-alike to anyone at all.
    """
    name = canonical_domain(domain)
    row = Company.objects.filter(domains__name=name).values_list(*_COLUMNS).first()
    if row:
        return CompanyCard(*row)
    raise UnknownDomain(_why_unknown(name))


def _why_unknown(name: str) -> Text:
    parents = [name.split(".", n)[n] for n in range(1, name.count("."))]
    parent = Domain.objects.filter(name__in=parents).values_list("name", flat=True).first()
    if parent:
        return _(
            "%(domain)s lies under %(parent)s but is another. Only addresses at exactly %(parent)s count."
        ) % {"domain": name, "parent": parent}
    seen = skeleton(name)
    # The registry is small; a column for skeletons would have to follow every change of the table above.
    for known in Domain.objects.order_by("name").values_list("name", flat=True).iterator():
        if skeleton(known) == seen:
            return _("%(domain)s only looks like %(known)s. Please check every character.") % {
                "domain": name,
                "known": known,
            }
    return _("No company here has the domain %(domain)s.") % {"domain": name}
