"""Pages for what went wrong: what happened, what was kept, what to do. Under /api/ the same as problems."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from openmai.api.problems import Problem, problem_of, problem_response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 400, _("This request cannot be understood"), _("Go back and try once more."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(
        request, 403, _("This is not yours to see"), _("Log in with the account that it belongs to.")
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith("/api/"):
        return problem_response(problem_of(Http404()))
    text = _("The address may be mistyped, or what was here is gone.")
    return _page(request, 404, _("There is nothing here"), text)


def server_error(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        return problem_response(problem_of(Exception()))
    text = _("Nothing was changed by this request. Please try again in a while.")
    return _page(request, 500, _("Something broke on our side"), text)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if request.path.startswith("/api/"):
        return problem_response(Problem("forbidden", _("The request did not come from this site.")))
    text = _(
        "The form was open for very long, or cookies are blocked. Go back, reload the page and send it again."
    )
    return _page(request, 403, _("This form can no longer be accepted"), text)


def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    text = _("Wait a few minutes, then try again. What you typed was not kept.")
    return _page(request, 429, _("Too many tries"), text)


def _page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    return render(request, "people/error.html", {"title": title, "text": text}, status=status)
