"""Pages of a member: home, employments, the anonymous key, the account."""

import secrets
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from openmai.companies.queries import company_by_slug, domains_of
from openmai.people import actions, queries
from openmai.people.access import member_of, own_challenge, own_employment, own_mail_proof
from openmai.people.actions.codes import CodeExpired, NoChallenge
from openmai.people.actions.enrolment import AlreadyEnrolled
from openmai.people.actions.mail_proof import KeyNeeded
from openmai.people.conf import config
from openmai.people.errors import Refused
from openmai.people.forms import CodeForm, CompanyForm, WorkAddressForm
from openmai.people.pages import member_page, refuse
from openmai.platform.clock import utc_now

UNPROCESSABLE = 422


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return render(request, "people/welcome.html")
    found = queries.home_of(member=member_of(request), now=utc_now())
    return render(request, "people/home.html", {"home": found})


@member_page
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    member = member_of(request)
    context = {"member": member, "reviewer": queries.is_reviewer(member.id)}
    return render(request, "people/account.html", context)


@member_page
@require_safe
def employments(request: HttpRequest) -> HttpResponse:
    member = member_of(request)
    lines = queries.employment_lines(member_id=member.id, now=utc_now())
    context = {"lines": lines, "badges": queries.own_badges(member.id)}
    return render(request, "people/employments.html", context)


@member_page
@require_http_methods(["GET", "HEAD", "POST"])
def employment_new(request: HttpRequest) -> HttpResponse:
    """Ask for a code to a work address."""
    form = WorkAddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.request_code(
                member_id=member_of(request).id,
                address=form.cleaned_data["address"],
                now=utc_now(),
                randbelow=secrets.randbelow,
            )
            return redirect("people:employment_code")
        except Refused as error:
            refuse(form, "address", error)
    company = company_by_slug(request.GET.get("company", "")[:63])
    context = {
        "form": form,
        "company": company,
        "domains": domains_of(company.id) if company else [],
        "login_host": queries.login_host(company.id) if company else "",
    }
    return render(request, "people/employment_new.html", context, status=_status(form))


@member_page
@require_http_methods(["GET", "HEAD", "POST"])
def employment_code(request: HttpRequest) -> HttpResponse:
    """Enter the code."""
    member = member_of(request)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.confirm_code(member_id=member.id, code=form.cleaned_data["code"], now=utc_now())
            messages.success(request, _("Your employment is verified."))
            return redirect("people:employments")
        except (NoChallenge, CodeExpired) as error:
            messages.warning(request, str(error.reason))
            return redirect("people:employment_new")
        except Refused as error:
            refuse(form, "code", error)
    if own_challenge(member) is None:
        return redirect("people:employment_new")
    return render(request, "people/employment_code.html", {"form": form}, status=_status(form))


@member_page
@require_http_methods(["GET", "HEAD", "POST"])
def mail_proof_new(request: HttpRequest) -> HttpResponse:
    """Explain the signed mail, and await one."""
    form = CompanyForm(request.POST or None, initial={"company": request.GET.get("company", "")[:63]})
    if request.method == "POST" and form.is_valid():
        try:
            proof = actions.open_mail_proof(
                member_id=member_of(request).id,
                company_slug=form.cleaned_data["company"],
                now=utc_now(),
                randbytes=secrets.token_bytes,
            )
            return redirect("people:mail_proof", proof_id=proof.id)
        except KeyNeeded as error:
            messages.warning(request, str(error.reason))
            return redirect("people:enrol")
        except Refused as error:
            refuse(form, None, error)
    company = company_by_slug((request.POST or request.GET).get("company", "")[:63])
    context = {"form": form, "company": company, "domains": domains_of(company.id) if company else []}
    return render(request, "people/mail_proof_new.html", context, status=_status(form))


@member_page
@require_safe
def mail_proof(request: HttpRequest, proof_id: UUID) -> HttpResponse:
    proof = own_mail_proof(member_of(request), proof_id)
    return render(request, "people/mail_proof.html", {"proof": queries.mail_proof_page(proof)})


@member_page
@require_http_methods(["GET", "HEAD", "POST"])
def employment_end(request: HttpRequest, employment_id: UUID) -> HttpResponse:
    """Ask whether an employment is to end, and end it."""
    member = member_of(request)
    employment = own_employment(member, employment_id)
    if request.method == "POST":
        try:
            actions.end_employment(employment_id=employment.id, by="member", now=utc_now())
            messages.success(request, _("The employment has ended. Its label goes with the next epoch."))
        except Refused as error:
            messages.warning(request, str(error.reason))
        return redirect("people:employments")
    lines = queries.employment_lines(member_id=member.id, now=utc_now())
    line = next(each for each in lines if each.id == employment.id)
    if not line.active:
        return redirect("people:employments")
    return render(request, "people/employment_end.html", {"line": line})


@member_page
@require_safe
def enrol(request: HttpRequest) -> HttpResponse:
    """Send the member to the talk origin with a ticket; a script takes the answer that comes back."""
    now = utc_now()
    member = member_of(request)
    companies = [line.company for line in queries.employment_lines(member_id=member.id, now=now)]
    context: dict[str, object] = {
        "endpoint": reverse("api:enrol"),
        "companies": {company.slug: company.name for company in companies}
        | {f"industry/{company.trade}": company.trade_name for company in companies},
        "link": None,
        "outlook": None,
        "renew": queries.season_news(member_id=member.id, now=now).renew,
        "replaced": queries.waiting_of(member_id=member.id, season=queries.current_season(now)),
    }
    try:
        ticket = actions.issue_ticket(member_id=member.id, now=now, randbytes=secrets.token_bytes)
        context["link"] = _talk_link(ticket)
    except AlreadyEnrolled:
        context["outlook"] = queries.outlook(member_id=member.id, now=now)
    return render(request, "people/enrol.html", context)


def _talk_link(ticket: str) -> str:
    """Everything after # stays in the browser: neither server sees the ticket in a URL."""
    back = f"{config().people_origin}{reverse('people:enrol')}"
    return f"{config().talk_origin}/{get_language()}/identity/#enrol={ticket}&return={back}"


def _status(form: WorkAddressForm | CodeForm | CompanyForm) -> int:
    return UNPROCESSABLE if form.errors else 200
