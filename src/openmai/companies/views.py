"""Pages of the registry: readable by everyone."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from openmai.companies import queries
from openmai.companies.models import Trade


@require_safe
def company_list(request: HttpRequest) -> HttpResponse:
    words = request.GET.get("q", "").strip()
    trade = request.GET.get("trade", "")
    trade = trade if trade in Trade.values else ""
    found = queries.find_companies(words=words, trade=trade, after=request.GET.get("after", "")[:63])
    context = {"found": found, "words": words, "trade": trade, "trades": Trade.choices}
    return render(request, "companies/list.html", context)


@require_safe
def company_page(request: HttpRequest, slug: str) -> HttpResponse:
    company = queries.company_by_slug(slug)
    if company is None:
        raise Http404
    context = {
        "company": company,
        "domains": queries.domains_of(company.id),
        "crowd": queries.crowd_of(company.id),
    }
    return render(request, "companies/company.html", context)
