"""Answers of an API: errors of the framework (404, 405, CSRF, a crash) are problems too."""

import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from openmai.api.problems import CONTENT_TYPE, Problem, code_of_status, problem_response


class ApiAnswers:
    """Stands before LocaleMiddleware, whose Vary and Content-Language it takes off answers in no language.

    `settings.OPENMAI_API_PATHS` is a regular expression for the whole path of such answers.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response
        self._paths = re.compile(settings.OPENMAI_API_PATHS)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if not self._paths.fullmatch(request.path_info):
            return response
        if response.status_code >= 400 and response.get("Content-Type") != CONTENT_TYPE:
            return _as_problem(response)
        if response.status_code < 300:
            for header in ("Vary", "Content-Language"):
                if header in response.headers:
                    del response[header]
        return response


def _as_problem(response: HttpResponseBase) -> HttpResponse:
    allowed = {"Allow": response["Allow"]} if "Allow" in response.headers else {}
    problem = Problem(code_of_status(response.status_code), "", headers=allowed)
    # All that is known of it here.
    problem.detail = problem.title
    return problem_response(problem)
