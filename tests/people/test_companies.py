"""The registry: one company a domain, compared by equality, refusals in words."""

from datetime import date
from uuid import UUID

import pytest
from django.db import DataError, IntegrityError, transaction
from django.test import Client
from tests.factories.people import HARBOUR, HARBOUR_DOMAIN

from openmai.companies.actions import CompanyRefused, DomainTaken, add_domain, register_company
from openmai.companies.domains import PUBLIC_WEBMAIL, BadDomain, canonical_domain, company_domain, skeleton
from openmai.companies.models import Company, Domain
from openmai.companies.queries import PAGE_SIZE, UnknownDomain, company_of_domain, find_companies

TODAY = date(2026, 3, 20)


def register(slug: str, *domains: str, name: str = "Company", trade: str = "tech") -> UUID:
    return register_company(slug=slug, name_en=name, name_zh="公司", trade=trade, domains=domains, on=TODAY)


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("Harbour.Example", "harbour.example"),
        (" harbour.example. ", "harbour.example"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("公司.cn", "xn--55qx5d.cn"),
        ("ｈａｒｂｏｕｒ.example", "harbour.example"),
    ],
)
def test_a_domain_has_one_form(typed: str, canonical: str):
    assert canonical_domain(typed) == canonical


@pytest.mark.parametrize(
    "typed",
    ["", "example", "a..b", "-a.example", "a-.example", "1.2.3.4", "a b.example", "a_b.example", "x" * 300],
)
def test_what_is_no_domain_is_refused(typed: str):
    with pytest.raises(BadDomain):
        canonical_domain(typed)


@pytest.mark.parametrize("provider", ["gmail.com", "QQ.com", "163.com", "outlook.com", "foxmail.com"])
def test_public_webmail_belongs_to_no_company(provider: str):
    with pytest.raises(BadDomain, match="belongs to no company"):
        company_domain(provider)
    with pytest.raises(BadDomain):
        register("post", provider)
    assert not Company.objects.exists()


def test_every_listed_provider_is_in_canonical_form():
    assert {canonical_domain(name) for name in PUBLIC_WEBMAIL} == PUBLIC_WEBMAIL


def test_a_domain_belongs_to_one_company(companies: dict[str, UUID]):
    with pytest.raises(DomainTaken):
        register("impostor", HARBOUR_DOMAIN.upper())
    assert not Company.objects.filter(slug="impostor").exists(), "all or nothing"
    assert add_domain(slug=HARBOUR, domain="Harbour-Freight.example") == "harbour-freight.example"
    assert company_of_domain("harbour-freight.example").slug == HARBOUR


@pytest.mark.parametrize("slug", ["", "A", "-a", "a" * 64, "a/b", "a b", "港"])
def test_a_slug_fits_into_roster_ids(slug: str):
    with pytest.raises(CompanyRefused):
        register(slug, "new.example")
    with pytest.raises((IntegrityError, DataError)), transaction.atomic():
        Company.objects.create(slug=slug or "!", name_en="A", name_zh="甲", trade="tech", registered_on=TODAY)


def test_the_database_holds_canonical_domains_only(companies: dict[str, UUID]):
    for name in ("Harbour2.example", "bad_.example", "no"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Domain.objects.create(name=name, company_id=companies[HARBOUR])


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        (f"mail.{HARBOUR_DOMAIN}", "lies under harbour.example"),
        ("harb0ur.example", "only looks like"),
        ("hаrbour.example", "only looks like"),
        ("har-bour.example", "only looks like"),
        ("elsewhere.example", "No company here"),
        ("example", "not a domain"),
    ],
)
def test_a_similar_domain_is_refused_in_words(companies: dict[str, UUID], domain: str, words: str):
    with pytest.raises((UnknownDomain, BadDomain), match=words):
        company_of_domain(domain)


@pytest.mark.parametrize(
    "pair", [("paypal.com", "paypa1.com"), ("modern.com", "modem.com"), ("ｗeb.com", "web.com")]
)
def test_names_that_look_alike_have_one_skeleton(pair: tuple[str, str]):
    assert skeleton(pair[0]) == skeleton(pair[1]) or canonical_domain(pair[0]) == canonical_domain(pair[1])


def test_companies_are_found_by_name_in_both_languages_and_by_domain(companies: dict[str, UUID]):
    for words in ("harbour", "LOGISTICS harb", "港湾", HARBOUR_DOMAIN):
        assert [company.slug for company in find_companies(words=words).companies] == [HARBOUR], words
    assert find_companies(words="harbour kitchen").companies == []
    assert [company.slug for company in find_companies(trade="kitchen").companies] == ["orchid-kitchen"]


@pytest.mark.parametrize("words", ["%", "_", "'", "\0", "\\", "x" * 10_000, "<script>"])
def test_hostile_searches_find_nothing(companies: dict[str, UUID], visitor: Client, words: str):
    page = visitor.get("/en/companies/", {"q": words, "trade": words, "after": words})
    assert page.status_code == 200
    assert "<script>alert" not in page.content.decode()


def test_a_long_list_has_pages(visitor: Client):
    for number in range(PAGE_SIZE + 5):
        register(f"company-{number:03}", name=f"Company {number}")
    first = find_companies()
    assert len(first.companies) == PAGE_SIZE
    second = find_companies(after=first.next_after or "")
    assert (len(second.companies), second.next_after) == (5, None)
    page = visitor.get("/en/companies/").content.decode()
    assert f"after={first.next_after}" in page
    assert "Company 34" in visitor.get("/en/companies/", {"after": first.next_after}).content.decode()


def test_an_empty_list_says_what_to_do(visitor: Client):
    assert "No company found" in visitor.get("/en/companies/?q=nothing").content.decode()


def test_a_company_page_shows_the_name_of_the_language(companies: dict[str, UUID], visitor: Client):
    english = visitor.get(f"/en/companies/{HARBOUR}/").content.decode()
    chinese = visitor.get(f"/zh-hans/companies/{HARBOUR}/").content.decode()
    assert "<h1>Harbour Logistics</h1>" in english
    assert "<h1>港湾物流</h1>" in chinese
    assert HARBOUR_DOMAIN in english
    assert visitor.get("/en/companies/nowhere/").status_code == 404
