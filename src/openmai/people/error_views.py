"""What is shown when something went wrong: problems under /api/, the shared pages elsewhere."""

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from openmai.api.problems import Problem, problem_of, problem_response
from openmai.web import views as pages


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404"""
    if _is_api(request):
        return problem_response(problem_of(Http404()))
    return pages.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500"""
    if _is_api(request):
        return problem_response(problem_of(Exception()))
    return pages.server_error(request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """CSRF_FAILURE_VIEW"""
    if _is_api(request):
        return problem_response(Problem("forbidden", _("The request did not come from this site.")))
    return pages.csrf_failure(request, reason)


def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler429, which allauth looks for."""
    return pages.error_page(
        request,
        status=429,
        title=_("Too many tries"),
        happened=_("This was tried so often in so short a time that we have stopped reading."),
        advice=_("Wait five minutes, then go back: what you typed is still in the page before this one."),
    )


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")
