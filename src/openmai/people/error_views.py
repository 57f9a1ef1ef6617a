"""The page for too many tries, which allauth looks for as handler429; all others are the shared layer's."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from openmai.web.views import error_page


def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_page(
        request,
        status=429,
        title=_("Too many tries"),
        happened=_("This was tried so often in so short a time that we have stopped reading."),
        advice=_("Wait five minutes, then go back: what you typed is still in the page before this one."),
    )
