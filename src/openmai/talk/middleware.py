"""What the talk site does to answers: the API speaks problems only, and what is the same in each language
says so.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from openmai.api.problems import CONTENT_TYPE, Problem, problem_response

_NEUTRAL = ("/api/", "/rosters/")


def is_neutral(path: str) -> bool:
    """Whether a good answer at `path` is the same in every language."""
    return path.startswith(_NEUTRAL) or path.endswith("/proof.json")


class ApiAnswers:
    """Turns every error under /api/ and /rosters/ into a problem, also those of the framework (404, 405,
    400).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if not is_neutral(request.path_info):
            return response
        if response.status_code >= 400 and response.get("Content-Type") != CONTENT_TYPE:
            return _as_problem(response)
        if response.status_code < 300:
            for header in ("Vary", "Content-Language"):
                if header in response.headers:
                    del response[header]
        return response


_BY_STATUS = {404: "not-found", 405: "method-not-allowed", 413: "body-too-large"}


def _as_problem(response: HttpResponseBase) -> HttpResponse:
    status = response.status_code
    problem = Problem(_BY_STATUS.get(status, "internal-error" if status >= 500 else "bad-request"), "")
    problem.detail = problem.title
    answer = problem_response(problem)
    if status == 405 and "Allow" in response.headers:
        answer["Allow"] = response["Allow"]
    return answer
