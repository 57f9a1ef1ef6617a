"""Pages of Job Talk. Reading needs no JavaScript, no page knows its reader."""

from datetime import UTC, datetime
from typing import Final

from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from openmai.anonymity.rosters import key_fingerprint
from openmai.anonymity.seasons import season_called
from openmai.platform import clock
from openmai.talk import claims
from openmai.talk.cursors import ActivityCursor, BadCursor, PlaceCursor
from openmai.talk.queries.disclosures import logged_requests
from openmai.talk.queries.posts import post_place, proven_post
from openmai.talk.queries.thread import ThreadPage, thread_page
from openmai.talk.queries.threads import list_threads
from openmai.talk.rules import rules
from openmai.talk.sections import BY_SLUG, SECTIONS, Section
from openmai.web.middleware import may_use_camera

_NO_STORE: Final = "no-store"


def _language() -> str:
    return get_language() or "en"


def _place(request: HttpRequest, name: str) -> PlaceCursor | None:
    text = request.GET.get(name)
    try:
        return PlaceCursor.decode(text) if text else None
    except BadCursor:
        raise Http404 from None


def _threads(request: HttpRequest, section: Section | None) -> HttpResponse:
    text = request.GET.get("after")
    try:
        after = ActivityCursor.decode(text) if text else None
    except BadCursor:
        raise Http404 from None
    found = list_threads(section=section.slug if section else None, after=after)
    context = {
        "section": section,
        "sections": SECTIONS,
        "by_slug": BY_SLUG,
        "lines": found.lines,
        "first": after is None,
        "next_url": f"?after={found.next.encode()}" if found.next else None,
        "now": clock.utc_now(),
    }
    return render(request, "talk/threads.html", context)


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """All sections, latest activity first."""
    return _threads(request, None)


@require_safe
def section(request: HttpRequest, section: str) -> HttpResponse:
    if section not in BY_SLUG:
        raise Http404
    return _threads(request, BY_SLUG[section])


@require_safe
def thread(request: HttpRequest, thread: bytes) -> HttpResponse:
    page = thread_page(thread, after=_place(request, "after"), before=_place(request, "before"))
    if page is None:
        raise Http404
    return render(request, "talk/thread.html", _thread_context(page))


def _thread_context(page: ThreadPage) -> dict[str, object]:
    now = clock.utc_now()
    return {
        "head": page.head,
        "section": BY_SLUG.get(page.head.section),
        "replies": page.replies,
        "prev_url": f"?before={page.earlier.encode()}" if page.earlier else None,
        "next_url": f"?after={page.later.encode()}" if page.later else None,
        "end_url": f"?before={PlaceCursor.end().encode()}" if page.later else None,
        "open": page.head.season in rules().seasons(now),
        "past": page.head.season != rules().domain(now).season,
        "closes": datetime.fromtimestamp(season_called(page.head.season).closes, UTC),
        "now": now,
    }


def _post_url(post: bytes) -> str:
    """The page of the thread that shows a post, in the language now active."""
    place = post_place(post)
    if place is None:
        raise Http404
    after = f"?after={place.after.encode()}" if place.after else ""
    return f"{reverse('talk:thread', args=[place.thread])}{after}#p-{post.hex()}"


@require_safe
def post(request: HttpRequest, post: bytes) -> HttpResponse:
    """A permalink: a post keeps its address, wherever in the thread it is shown."""
    return _redirect(_post_url(post))


@require_safe
def to_language(request: HttpRequest, thread: bytes | None = None, post: bytes | None = None) -> HttpResponse:
    """From an address without a language to the reader's."""
    if post is not None:
        url = _post_url(post)
    else:
        url = reverse("talk:front") if thread is None else reverse("talk:thread", args=[thread])
    response = _redirect(url)
    patch_vary_headers(response, ("Accept-Language",))
    return response


def _redirect(url: str) -> HttpResponse:
    response = HttpResponseRedirect(url)
    response["Cache-Control"] = _NO_STORE
    return response


@require_safe
def proof_file(request: HttpRequest, post: bytes) -> HttpResponse:
    proven = proven_post(post, rules=rules())
    if proven is None:
        raise Http404
    response = HttpResponse(proven.proof_file, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="openmai-{post.hex()[:16]}.json"'
    return response


@require_safe
def verify(request: HttpRequest, post: bytes) -> HttpResponse:
    proven = proven_post(post, rules=rules())
    if proven is None:
        raise Http404
    verdict = claims.check_claims(proven.proof_file, roster_key=rules().roster_key, log=rules().log_trust)
    proved = verdict.post
    context = {
        "post": proven,
        "section": BY_SLUG.get(proven.section),
        "verdict": verdict,
        "proves": claims.statement_of(proved, _language()) if proved else None,
        "evidence": claims.evidence_of(proved) if proved else None,
        "link": f"{rules().talk_origin}/p/{post.hex()}",
        "file_name": f"openmai-{post.hex()[:16]}.json",
        "proof_url": f"/p/{post.hex()}/proof.json",
        "now": clock.utc_now(),
    }
    return render(request, "talk/verify.html", context)


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """The rules in words, and the keys that visitors compare."""
    trust = rules().log_trust
    context = {
        "rules": rules(),
        "fingerprint": key_fingerprint(rules().roster_key),
        "log_fingerprint": key_fingerprint(trust.key.public),
        "witnesses": [each.name for each in trust.witnesses],
        "answered": logged_requests(rules().domain(clock.utc_now()).season),
    }
    return render(request, "talk/about.html", context)


@require_safe
def compose(request: HttpRequest) -> HttpResponse:
    """The script asks /api/v1/site for what it must know; the page brings the form."""
    asked = BY_SLUG.get(request.GET.get("section", ""))
    return render(request, "talk/compose.html", {"sections": SECTIONS, "section": asked})


@require_safe
def identity(request: HttpRequest) -> HttpResponse:
    """The page reads codes from another device's screen, if its reader lets it use the camera."""
    return may_use_camera(render(request, "talk/identity.html"))


@require_safe
def outbox(request: HttpRequest) -> HttpResponse:
    return render(request, "talk/outbox.html")


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Whether this process answers and reaches its database: 200 or 503."""
    try:
        list_threads(section=None, after=None, size=1)
    except DatabaseError:
        response = HttpResponse("no database\n", content_type="text/plain", status=503)
    else:
        response = HttpResponse("ok\n", content_type="text/plain")
    response["Cache-Control"] = _NO_STORE
    return response
