"""The rosters again, from talk's own origin: a device that is about to speak never asks the people site for
them.
"""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from openmai.platform import clock
from openmai.talk.epoch import EPOCH
from openmai.talk.queries import rosters
from openmai.talk.rules import rules

_IMMUTABLE = "public, max-age=31536000, immutable"


def _file(data: bytes | None, *, content_type: str, immutable: bool = True) -> HttpResponse:
    if data is None:
        raise Http404
    response = HttpResponse(data, content_type=content_type)
    if immutable:
        response["Cache-Control"] = _IMMUTABLE
    return response


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Kept until the next tick, as pages are."""
    return _index(rules().seasons(clock.utc_now())[0])


@require_safe
def index_of(request: HttpRequest, season: str) -> HttpResponse:
    """The last index of a season, for as long as its threads are open."""
    if season not in rules().seasons(clock.utc_now()):
        raise Http404
    return _index(season)


def _index(season: str) -> HttpResponse:
    listing = EPOCH.rosters(season, rules=rules())
    return _file(listing.envelope, content_type="application/json", immutable=False)


@require_safe
def statement(request: HttpRequest, digest: bytes) -> HttpResponse:
    return _file(rosters.statement_envelope(digest), content_type="application/json")


@require_safe
def leaves(request: HttpRequest, digest: bytes) -> HttpResponse:
    return _file(rosters.leaves_file(digest), content_type="application/octet-stream")


@require_safe
def paths(request: HttpRequest, digest: bytes) -> HttpResponse:
    return _file(rosters.paths_file(digest), content_type="application/octet-stream")
