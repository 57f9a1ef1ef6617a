"""The people site's API: handing over a commitment, and a member's own tile."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Status

from openmai.anonymity.errors import AnonymityError
from openmai.anonymity.limits import MAX_ANSWER
from openmai.anonymity.rosters import ROSTER_PATTERN
from openmai.anonymity.tickets import parse_answer
from openmai.api.problems import KINDS, Problem, install, problem_of_refusal, refuse_large_body
from openmai.people import actions, queries
from openmai.people.access import member_of, own_leaf
from openmai.people.conf import domain
from openmai.people.errors import Refused
from openmai.people.queries.membership import current_season
from openmai.platform.clock import utc_now

api = NinjaAPI(title="Openmai people", version="1", urls_namespace="api", docs_url=None)
install(api)

_POINTERS = {"commitment-taken": "/commitment"}


@api.post("/enrolments", url_name="enrol", response={201: dict[str, Any]}, summary="Hand over a commitment")
def enrol(request: HttpRequest) -> Status[dict[str, Any]]:
    """Body: {"ticket", "commitment", "nullifier", "proof"} (docs/protocol.md §2). The ticket authorises.

    Where a member is logged in, it must be theirs: a ticket in a stranger's link would tie the key to
    the stranger's account.
    """
    refuse_large_body(request, limit=MAX_ANSWER)
    now = utc_now()
    try:
        answer = parse_answer(request.body, domain=domain(current_season(now)))
        if request.user.is_authenticated and str(request.user.pk) != answer.ticket.account:
            raise Problem("forbidden", KINDS["forbidden"][1], pointer="/ticket")
        enrolled = actions.enrol(answer=answer, now=now)
    except AnonymityError as error:
        raise problem_of_refusal(error) from error
    except Refused as error:
        raise Problem(error.code, error.reason, pointer=_POINTERS.get(error.code, "/ticket")) from error
    document = {
        "commitment": str(enrolled.commitment),
        "season": enrolled.season,
        "rosters": enrolled.rosters,
    }
    return Status(201, document)


@api.get("/my/tiles/{path:roster}", url_name="tile", response={200: dict[str, Any]}, summary="My own tile")
def tile(request: HttpRequest, roster: str) -> HttpResponse:
    """The leaves next to the member's own, with which the device speaks by public files alone from then on.

    It is asked for once, when the key's first epoch is published, and never when somebody is about to speak.
    Nothing is kept of the request.
    """
    if ROSTER_PATTERN.fullmatch(roster) is None:
        raise Http404
    leaf = own_leaf(member_of(request), roster, season=current_season(utc_now()))
    response = HttpResponse(queries.tile_around(leaf).data, content_type="application/json")
    response["Cache-Control"] = "private, no-store"
    response["Content-Disposition"] = 'attachment; filename="openmai-place.json"'
    return response
