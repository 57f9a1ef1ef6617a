"""Pages of the log-in at an employer: what happens, the way there, and the way back."""

import secrets

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from openmai.companies.queries import CompanyCard, company_by_slug
from openmai.people import actions, queries
from openmai.people.access import member_of, own_login_proof
from openmai.people.actions.login_proof import LoginRefused, Returned
from openmai.people.actions.mail_proof import KeyNeeded
from openmai.people.conf import outward
from openmai.people.errors import Refused
from openmai.people.forms import CompanyForm
from openmai.people.pages import member_page, refuse
from openmai.platform.clock import utc_now

UNPROCESSABLE = 422
SHORT = 255


@member_page
@require_http_methods(["GET", "HEAD", "POST"])
def login_proof_new(request: HttpRequest) -> HttpResponse:
    """Explain the log-in, and begin one."""
    form = CompanyForm(request.POST or None, initial={"company": request.GET.get("company", "")[:63]})
    if request.method == "POST" and form.is_valid():
        try:
            actions.open_login_proof(
                member_id=member_of(request).id,
                company_slug=form.cleaned_data["company"],
                now=utc_now(),
                randbytes=secrets.token_bytes,
                outward=outward(),
            )
            return redirect("people:login_proof")
        except KeyNeeded as error:
            messages.warning(request, str(error.reason))
            return redirect("people:enrol")
        except Refused as error:
            refuse(form, None, error)
    company = company_by_slug((request.POST or request.GET).get("company", "")[:63])
    context = {"form": form, "company": company, "host": _host(company)}
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "people/login_proof_new.html", context, status=status)


def _host(company: CompanyCard | None) -> str:
    return queries.login_host(company.id) if company else ""


@member_page
@require_safe
def login_proof(request: HttpRequest) -> HttpResponse:
    """The way to the employer's page: a link, so that the address is seen before it is opened."""
    proof = own_login_proof(member_of(request), now=utc_now())
    if proof is None:
        return redirect("people:employment_new")
    return render(request, "people/login_proof.html", {"proof": queries.login_proof_page(proof)})


@member_page
@require_safe
def login_return(request: HttpRequest) -> HttpResponse:
    """Where the employer's server sends the browser back: one address, because it is registered there."""
    member = member_of(request)
    given = {name: request.GET.get(name, "") for name in ("state", "code", "error", "iss")}
    returned = Returned(
        state=given["state"][:SHORT], code=given["code"], error=given["error"][:SHORT], issuer=given["iss"]
    )
    with translation.override(member.language):
        try:
            actions.accept_login(member_id=member.id, returned=returned, now=utc_now(), outward=outward())
        except LoginRefused as error:
            messages.error(request, str(error.reason))
            return redirect("people:employments")
        messages.success(request, _("Your employment is verified by your employer's log-in."))
        return redirect("people:employments")
