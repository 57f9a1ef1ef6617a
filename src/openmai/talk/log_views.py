"""What the folder of the log lacks, made from the database: a partial tile of an old size, or a lost file."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from openmai.anonymity.log.tiles import BadTilePath, parse_tile_path
from openmai.talk import log_files
from openmai.talk.queries.log import TileMissing, newest_checkpoint, tile_data
from openmai.talk.rules import rules


@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:
    newest = newest_checkpoint(quorum=rules().quorum)
    if newest is None:
        raise Http404
    return _file(newest.data, log_files.CHECKPOINT_TYPE, log_files.SHORT)


@require_safe
def tile(request: HttpRequest, path: str) -> HttpResponse:
    try:
        found = parse_tile_path(f"tile/{path}")
        data = tile_data(found)
    except (BadTilePath, TileMissing):
        raise Http404 from None
    if not found.is_partial:
        log_files.write_tile(rules().log_dir, found, data)
    return _file(data, log_files.TILE_TYPE, log_files.IMMUTABLE)


def _file(data: bytes, content_type: str, cache: str) -> HttpResponse:
    response = HttpResponse(data, content_type=content_type)
    response["Cache-Control"] = cache
    return response
