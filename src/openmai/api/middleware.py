"""Answers under /api/ and /rosters/: errors of the framework (404, 405, CSRF, a crash) are problems too."""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext_lazy as _

from openmai.api.problems import CONTENT_TYPE, Problem, code_of_status, problem_response

PREFIXES: Final = ("/api/", "/rosters/")


class ApiAnswers:
    """Stands before LocaleMiddleware, whose Vary and Content-Language it takes off answers in no language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if not request.path_info.startswith(PREFIXES):
            return response
        if response.status_code >= 400 and response.get("Content-Type") != CONTENT_TYPE:
            return _as_problem(response)
        if response.status_code < 300:
            for header in ("Vary", "Content-Language"):
                if header in response.headers:
                    del response[header]
        return response


def _as_problem(response: HttpResponseBase) -> HttpResponse:
    detail = _("The request was refused before it was read.")
    allowed = {"Allow": response["Allow"]} if "Allow" in response.headers else {}
    return problem_response(Problem(code_of_status(response.status_code), detail, headers=allowed))
