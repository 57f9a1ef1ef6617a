"""The published files of rosters, and whether the site is well. No cookie, no language, no log-in."""

import re
from typing import Final

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from openmai.api.problems import Problem, answers_problems
from openmai.people import queries

SHA256: Final = re.compile(r"[0-9a-f]{64}")
IMMUTABLE: Final = "public, max-age=31536000, immutable"
# The talk worker asks every few seconds in the demo and every minute else; a proxy may answer in between.
SHORT: Final = "public, max-age=5"


@require_safe
@answers_problems
def index(request: HttpRequest) -> HttpResponse:
    envelope = queries.current_index()
    if envelope is None:
        raise Problem("not-found", _("No roster has been published yet."))
    return _file(envelope, "application/json", SHORT)


@require_safe
@answers_problems
def statement(request: HttpRequest, name: str) -> HttpResponse:
    envelope = queries.statement_bytes(_digest(name))
    if envelope is None:
        raise Problem("not-found", _("No statement has this name."))
    return _file(envelope, "application/json", IMMUTABLE)


@require_safe
@answers_problems
def journal(request: HttpRequest, name: str) -> HttpResponse:
    data = queries.journal_bytes(_digest(name))
    if data is None:
        raise Problem("not-found", _("No journal has this name."))
    return _file(data, "application/json", IMMUTABLE)


@require_safe
@answers_problems
def leaves(request: HttpRequest, name: str) -> HttpResponse:
    data = queries.leaves_bytes(_digest(name))
    if data is None:
        raise Problem("not-found", _("No leaves file has this name, or it is no longer kept."))
    return _file(data, "application/octet-stream", IMMUTABLE)


@require_safe
@answers_problems
def paths(request: HttpRequest, name: str) -> HttpResponse:
    data = queries.paths_bytes(_digest(name))
    if data is None:
        raise Problem("not-found", _("No paths file has this name, or it is no longer kept."))
    return _file(data, "application/octet-stream", IMMUTABLE)


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 when the database answers; an exception, so 500, when it does not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    response = HttpResponse("ok\n", content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "no-store"
    return response


def _digest(name: str) -> bytes:
    if not SHA256.fullmatch(name):
        raise Problem("not-found", _("Files are named by their SHA-256."))
    return bytes.fromhex(name)


def _file(data: bytes, content_type: str, cache: str) -> HttpResponse:
    response = HttpResponse(data, content_type=content_type)
    response["Cache-Control"] = cache
    return response
