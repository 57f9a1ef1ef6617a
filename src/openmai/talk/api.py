"""The talk site's API under /api/v1 (docs/protocol.md §5). No log-in, no cookie; every error is a problem."""

from typing import Any, Final

import orjson
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.renderers import BaseRenderer

from openmai.anonymity.encoding import Domain
from openmai.anonymity.errors import AnonymityError, NotCanonical
from openmai.anonymity.fields import parse_hex
from openmai.anonymity.limits import MAX_BODY
from openmai.api.problems import Problem, install, refuse_large_body
from openmai.platform import clock
from openmai.talk import documents, schemas
from openmai.talk.actions import accept_submission
from openmai.talk.cursors import ActivityCursor, BadCursor, PlaceCursor
from openmai.talk.epoch import EPOCH
from openmai.talk.errors import Refused
from openmai.talk.queries.standing import is_published
from openmai.talk.queries.thread import thread_in_time
from openmai.talk.queries.threads import list_threads
from openmai.talk.refusals import problem_of_refusal
from openmai.talk.rules import rules
from openmai.talk.sections import BY_SLUG


class OrjsonRenderer(BaseRenderer):
    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        return orjson.dumps(data)


api = NinjaAPI(
    title="Openmai Job Talk",
    version="1",
    description="Read and speak without an account. Errors are RFC 9457 problems.",
    docs_url=None,
    urls_namespace="talk-api",
    renderer=OrjsonRenderer(),
)
install(api)

_SUBMISSION_BODY: Final = {
    "requestBody": {
        "required": True,
        "description": "docs/protocol.md §5; at most 65,536 bytes.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["version", "content", "key", "signature", "join"],
                    "additionalProperties": False,
                    "properties": {
                        "version": {"const": 1},
                        "content": {"type": "object"},
                        "key": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                        "signature": {"type": "string", "pattern": "^[0-9a-f]{128}$"},
                        "join": {"type": ["object", "null"]},
                    },
                }
            }
        },
    }
}
_REFUSALS: Final = {code: schemas.ProblemOut for code in (400, 403, 404, 409, 413, 422, 503)}


def _answer(document: object, *, status: int = 200, keep: bool = True) -> HttpResponse:
    """A document; `keep` false if it may change between two ticks."""
    response = HttpResponse(orjson.dumps(document), content_type="application/json", status=status)
    if not keep:
        response["Cache-Control"] = "no-store"
    return response


def _digest(text: str, *, code: str) -> bytes:
    """An id in an address; what is no id names nothing."""
    try:
        return parse_hex(text, size=32)
    except NotCanonical:
        raise Problem(code, _("An id has 64 lowercase hexadecimal digits.")) from None


def _bad_cursor() -> Problem:
    return Problem("bad-value", _("The cursor was not made by this site."), pointer="/after")


@api.post(
    "/submissions",
    response={200: schemas.ReceiptOut, 202: schemas.ReceiptOut, **_REFUSALS},
    openapi_extra=_SUBMISSION_BODY,
    summary="Send an opening or a reply",
)
def submit(request: HttpRequest) -> HttpResponse:
    refuse_large_body(request, limit=MAX_BODY)
    try:
        receipt = accept_submission(request.body, epoch=EPOCH, rules=rules(), now=clock.utc_now())
    except (Refused, AnonymityError) as error:
        raise problem_of_refusal(error) from error
    except (OperationalError, InterfaceError) as error:
        text = _("The database cannot be reached now; send it again, nothing was lost.")
        raise Problem("unavailable", text, headers={"Retry-After": "10"}) from error
    return _answer(receipt.document(), status=202 if receipt.state == "waiting" else 200, keep=False)


@api.get("/actions/{action}", response=schemas.ActionOut, summary="What became of a submission")
def action_state(request: HttpRequest, action: str) -> HttpResponse:
    content_id = _digest(action, code="not-found")
    # The memory is asked first: between both questions a post can only become published.
    waiting = EPOCH.get(content_id) is not None
    state = "published" if is_published(content_id) else "waiting" if waiting else "unknown"
    return _answer({"action": action, "state": state}, keep=False)


@api.get("/site", response=schemas.SiteOut, summary="What a device must know before it speaks")
def site(request: HttpRequest) -> HttpResponse:
    now = clock.utc_now()
    return _answer(documents.site_document(rules(), EPOCH.listed(rules().domain(now)), now))


def _open_season(asked: str | None) -> str:
    """The current season, or the past one while its threads are open; any other is not found."""
    open_ones = rules().seasons(clock.utc_now())
    if asked is not None and asked not in open_ones:
        raise Problem("not-found", _("The threads of this season are closed."), pointer="/season")
    return asked or open_ones[0]


@api.get("/bans", response=schemas.BansOut, summary="The ban list, the same bytes for everybody")
def bans(request: HttpRequest, season: str | None = None) -> HttpResponse:
    """Of the current season, or of the past one while its threads are open."""
    document = EPOCH.listed(Domain(rules().site, _open_season(season))).document
    return HttpResponse(document, content_type="application/json")


@api.get("/rosters", response=schemas.RostersOut, summary="The current epoch of each roster")
def rosters(request: HttpRequest, season: str | None = None) -> HttpResponse:
    """Of the current season, or of the past one while its threads are open."""
    listing = EPOCH.rosters(_open_season(season), rules=rules())
    return _answer({"rosters": [documents.roster_document(each) for each in listing.rosters]})


@api.get("/threads", response=schemas.ThreadsOut, summary="Threads by latest activity")
def threads(request: HttpRequest, section: str | None = None, after: str | None = None) -> HttpResponse:
    if section is not None and section not in BY_SLUG:
        raise Problem("unknown-section", _("This site has no section of that name."), pointer="/section")
    try:
        place = ActivityCursor.decode(after) if after else None
    except BadCursor:
        raise _bad_cursor() from None
    return _answer(documents.list_document(list_threads(section=section, after=place)))


@api.get("/threads/{thread}", response=schemas.ThreadOut, summary="A thread and a page of its replies")
def thread(request: HttpRequest, thread: str, after: str | None = None) -> HttpResponse:
    try:
        place = PlaceCursor.decode(after) if after else None
    except BadCursor:
        raise _bad_cursor() from None
    page = thread_in_time(_digest(thread, code="thread-not-found"), after=place.position if place else 0)
    if page is None:
        raise Problem("thread-not-found", _("No thread of this site has this id."))
    return _answer(documents.thread_document(page))
