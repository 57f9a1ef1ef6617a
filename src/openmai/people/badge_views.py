"""Pages of documents: sending one, and, for reviewers, looking at it."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openmai.companies.queries import company_by_slug
from openmai.people import actions, queries
from openmai.people.access import badge_to_review, member_of, own_badge, reviewer_of
from openmai.people.actions.badge import picture_of
from openmai.people.errors import Refused
from openmai.people.forms import BadgeForm, VoteForm
from openmai.people.pages import member_page, refuse
from openmai.people.uploads import takes_a_picture
from openmai.platform.clock import utc_now

UNPROCESSABLE = 422


@takes_a_picture
@member_page
@require_http_methods(["GET", "HEAD", "POST"])
def badge_new(request: HttpRequest) -> HttpResponse:
    """Explain the review, and take a picture."""
    given = request.POST or request.GET
    form = BadgeForm(request.POST, request.FILES) if request.method == "POST" else BadgeForm(initial=given)
    if request.method == "POST" and form.is_valid():
        try:
            actions.open_badge_review(
                member_id=member_of(request).id,
                company_slug=form.cleaned_data["company"],
                picture=form.cleaned_data["picture"].read(),
                now=utc_now(),
            )
            messages.success(request, _("Two reviewers will look at it. Then the picture goes."))
            return redirect("people:employments")
        except Refused as error:
            refuse(form, "picture", error)
    company = company_by_slug(given.get("company", "")[:63])
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "people/badge_new.html", {"form": form, "company": company}, status=status)


@require_POST
@member_page
def badge_withdraw(request: HttpRequest, review_id: UUID) -> HttpResponse:
    review = own_badge(member_of(request), review_id)
    actions.withdraw_badge(review_id=review.id, now=utc_now())
    messages.success(request, _("The picture is deleted."))
    return redirect("people:employments")


@member_page
@require_safe
def reviews(request: HttpRequest) -> HttpResponse:
    """What this reviewer may decide on."""
    reviewer = reviewer_of(request)
    return render(request, "people/reviews.html", {"lines": queries.badges_to_review(reviewer.id)})


@member_page
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Look at one document, and decide."""
    reviewer = reviewer_of(request)
    found = badge_to_review(reviewer, review_id)
    form = VoteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.vote_on_badge(
                reviewer_id=reviewer.id,
                review_id=found.id,
                number=form.cleaned_data["number"],
                refusal=form.cleaned_data["refusal"],
                now=utc_now(),
            )
            messages.success(request, _("Thank you. What you said is kept under your name."))
            return redirect("people:reviews")
        except Refused as error:
            refuse(form, None, error)
    context = {"form": form, "line": queries.badge_lines([found])[0]}
    return render(request, "people/review.html", context, status=UNPROCESSABLE if form.errors else 200)


@member_page
@require_safe
def review_picture(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """The picture itself, for those who may decide on it and as long as they may."""
    picture = picture_of(badge_to_review(reviewer_of(request), review_id))
    if not picture:
        raise Http404
    return HttpResponse(picture, content_type="image/jpeg")
