"""The one error envelope of every API: RFC 9457 problems, for ninja operations and for plain Django views.

A refusal is `raise Problem("wrong-season", _("…"), pointer="/season")`. The code fixes status and title
(`KINDS`); the detail says in the reader's language what was wrong with this very request.
"""

import re
from collections.abc import Callable, Mapping
from functools import wraps
from http import HTTPStatus
from typing import Final, ParamSpec

import orjson
from django.core.exceptions import RequestDataTooBig
from django.core.signals import got_request_exception
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.functional import Promise
from django.utils.log import log_response
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from openmai.anonymity.errors import AnonymityError

_CHINESE: Final = re.compile("[\u4e00-\u9fff]")
CONTENT_TYPE: Final = "application/problem+json"
P = ParamSpec("P")
Text = str | Promise

# code → (status, title). docs/protocol.md §6 fixes the codes of the talk site.
KINDS: Final[dict[str, tuple[int, Text]]] = {
    "body-too-large": (413, _("The request is too large")),
    "malformed-json": (400, _("The request is not JSON")),
    "unknown-field": (422, _("A field is not known here")),
    "missing-field": (422, _("A field is missing")),
    "bad-value": (422, _("A value is not acceptable")),
    "not-canonical": (422, _("A value is not in its one permitted form")),
    "wrong-site": (422, _("This belongs to another site")),
    "wrong-season": (422, _("This belongs to another season")),
    "unknown-section": (422, _("There is no such section")),
    "thread-not-found": (404, _("There is no such thread")),
    "parent-not-found": (404, _("There is no such post to answer")),
    "unknown-roster": (422, _("There is no such roster")),
    "zero-root": (422, _("The root of an empty roster proves nothing")),
    "unknown-root": (422, _("This root was never published")),
    "wrong-checkpoint": (422, _("The roster was logged under another checkpoint")),
    "superseded-root": (422, _("This root has been superseded")),
    "below-floor": (422, _("The crowd is too small to hide in")),
    "bad-nullifier": (422, _("The nullifier is not acceptable")),
    "label-changed": (409, _("A persona cannot change its label")),
    "persona-exists": (409, _("You already have a persona in this thread")),
    "key-taken": (409, _("This key belongs to another persona")),
    "join-required": (422, _("A proof of membership is needed")),
    "join-expired": (422, _("The proof of membership has expired")),
    "bad-signature": (422, _("The signature does not hold")),
    "malformed-proof": (422, _("The proof cannot be read")),
    "invalid-proof": (422, _("The proof does not hold")),
    "malformed-gate": (422, _("The gate proof cannot be read")),
    "invalid-gate": (422, _("The gate proof does not hold")),
    "wrong-gate-count": (422, _("A gate proof is needed for each page of the ban list")),
    "wrong-day": (422, _("This is not the day")),
    "stale-bans": (409, _("The ban list has changed")),
    "bans-changed": (409, _("A ban was added since the last proof")),
    "banned": (403, _("This persona is banned")),
    "rate-used": (409, _("This slot of the day is used")),
    "pool-full": (503, _("Too many posts are waiting")),
    "unknown-ticket": (422, _("This ticket was not issued here")),
    "ticket-expired": (410, _("The ticket has expired")),
    "ticket-used": (409, _("The ticket has been used")),
    "already-enrolled": (409, _("You already have a key for this season")),
    "commitment-taken": (409, _("This key is registered already")),
    "rate-limited": (429, _("Too many requests")),
    "bad-request": (400, _("The request cannot be understood")),
    "not-authenticated": (401, _("You are not logged in")),
    "forbidden": (403, _("This is not yours")),
    "not-found": (404, _("There is nothing here")),
    "method-not-allowed": (405, _("This method is not allowed here")),
    "unsupported-media-type": (415, _("Send JSON")),
    "internal-error": (500, _("Something broke on our side")),
    "unavailable": (503, _("This is not available now")),
}
_BY_STATUS: Final = {
    400: "bad-request",
    401: "not-authenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "body-too-large",
    415: "unsupported-media-type",
    429: "rate-limited",
    503: "unavailable",
}
_BY_SCHEMA_ERROR: Final = {
    "missing": "missing-field",
    "extra_forbidden": "unknown-field",
    "json_invalid": "malformed-json",
}


class Problem(Exception):
    """A refusal. `code` is a key of `KINDS`; `pointer` an RFC 6901 pointer into the request, or None."""

    def __init__(
        self, code: str, detail: Text, *, pointer: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(code, str(detail))
        self.code = code
        self.status, self.title = KINDS[code]
        self.detail = detail
        self.pointer = pointer
        self.headers = dict(headers or {})

    def document(self) -> dict[str, object]:
        return {
            "type": f"/problems/{self.code}",
            "title": str(self.title),
            "status": self.status,
            "detail": str(self.detail),
            "code": self.code,
            "pointer": self.pointer,
        }


def problem_response(problem: Problem) -> HttpResponse:
    """The answer that tells `problem`; never cached."""
    body = orjson.dumps(problem.document())
    response = HttpResponse(body, content_type=CONTENT_TYPE, status=problem.status)
    response["Cache-Control"] = "no-store"
    for name, value in problem.headers.items():
        response[name] = value
    return response


def json_pointer(*steps: str | int) -> str:
    """The RFC 6901 pointer that follows `steps` from the root of a document."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def problem_of(error: Exception) -> Problem:
    """What to say about an exception that is not a `Problem` itself; the text of a crash is never shown."""
    match error:
        case Problem():
            return error
        case ValidationError():
            return _schema_problem(error)
        case RequestDataTooBig():
            return Problem("body-too-large", _("The request is larger than this address accepts."))
        case Http404():
            return Problem("not-found", _("There is nothing at this address."))
        case HttpError(status_code=400) if "parse request body" in str(error):
            return Problem("malformed-json", _("The body of the request cannot be read as JSON."))
        case HttpError(status_code=status):
            detail = _("The request was refused: %(phrase)s.") % {"phrase": HTTPStatus(status).phrase}
            return Problem(code_of_status(status), detail)
        case _:
            return Problem("internal-error", _("Nothing was changed by it. Please try again later."))


def code_of_status(status: int) -> str:
    """The general code for an HTTP status that no code of ours stands behind."""
    return _BY_STATUS.get(status, "internal-error" if status >= 500 else "bad-request")


def _schema_problem(error: ValidationError) -> Problem:
    """The first complaint of the schema, with a pointer to the field."""
    first = error.errors[0]
    # ninja puts where the value came from ("body") and the parameter's name before the field.
    steps = [step for step in first["loc"][2:] if isinstance(step, str | int)]
    code = _BY_SCHEMA_ERROR.get(first["type"], "bad-value")
    return Problem(code, str(first["msg"]), pointer=json_pointer(*steps) or None)


def install(api: NinjaAPI) -> None:
    """Make every error of `api` a problem."""
    for kind in (Problem, ValidationError, HttpError, Http404, RequestDataTooBig, Exception):
        api.add_exception_handler(kind, _answer)


def _answer(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    exception = error if isinstance(error, Exception) else error()
    problem = problem_of(exception)
    response = problem_response(problem)
    if problem.code == "internal-error":
        # What Django's own handler would have done; the test client raises on the signal.
        got_request_exception.send(sender=None, request=request)
        log_response("%s crashed", request.path, exception=exception, request=request, response=response)
    return response


def answers_problems(view: Callable[P, HttpResponseBase]) -> Callable[P, HttpResponseBase]:
    """Decorate a plain Django view: the problems that it raises become its answer."""

    @wraps(view)
    def answered(*args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return view(*args, **kwargs)
        except (Problem, Http404, RequestDataTooBig) as error:
            return problem_response(problem_of(error))

    return answered


def refuse_large_body(request: HttpRequest, *, limit: int) -> None:
    """Raise `body-too-large` before a byte is read if more than `limit` bytes are announced."""
    try:
        announced = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise Problem("bad-request", _("The length of the request is not a number.")) from None
    if announced > limit:
        raise Problem("body-too-large", _("At most %(limit)d bytes are accepted here.") % {"limit": limit})


def problem_of_refusal(error: AnonymityError) -> Problem:
    """The protocol's own refusal of a document, number or proof, in the reader's language."""
    code = getattr(error, "code", "bad-value")
    return Problem(code, sentence(error.told(gettext)), pointer=error.pointer or None)


def sentence(text: str) -> str:
    """A clause as a sentence: a capital where there are capitals, and a full stop."""
    stop = "" if text[-1:] in ".。!?" else "。" if _CHINESE.search(text) else "."
    return text[:1].upper() + text[1:] + stop
