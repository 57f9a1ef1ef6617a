"""Pages that belong to no context: the design system, and what is shown when something went wrong."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import engines
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from openmai.web import design
from openmai.web.context import build_page


@require_safe
def design_page(request: HttpRequest) -> HttpResponse:
    """Every token and every part, for designers and for those who build pages."""
    return render(
        request,
        "web/design.html",
        {
            "colours": design.COLOURS,
            "faces": design.FACES,
            "form": design.SampleForm(prefix="fresh"),
            "failed": design.failed_form(),
            "voices": design.voices(),
            "glyphs": design.more_glyphs(),
        },
    )


def error_page(request: HttpRequest, *, status: int, title: str, happened: str, advice: str) -> HttpResponse:
    """What happened and what to do. Needs neither database nor user, since either may be what is broken."""
    template = engines["jinja2"].env.get_template("web/error.html")  # type: ignore[attr-defined] # Jinja2's own
    context = {
        # Who reads is not asked, so where that decides the navigation bar there is none.
        "page": build_page(
            path=request.get_full_path(), member=False, navigation=settings.OPENMAI_SITE == "talk"
        ),
        "status": status,
        "title": title,
        "happened": happened,
        "advice": advice,
        "retry": status >= 500,
    }
    return HttpResponse(template.render(context), status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler400; Django hands it what is too large as well."""
    if isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent):
        return _too_large(request)
    return error_page(
        request,
        status=400,
        title=_("This request cannot be understood"),
        happened=_("Something in the address or in what was sent is not in a form that this site reads."),
        advice=_("Go back and try again. If you followed a link, it may have been cut off."),
    )


def _too_large(request: HttpRequest) -> HttpResponse:
    return error_page(
        request,
        status=413,
        title=_("This is too much at once"),
        happened=_("What was sent is larger than this site takes, so none of it was read."),
        advice=_(
            "Go back, make the text shorter, and send it again: it is still in the page before this one."
        ),
    )


def method_not_allowed(request: HttpRequest) -> HttpResponse:
    """For the empty answer that Django gives where an address is only read, or only sent to."""
    return error_page(
        request,
        status=405,
        title=_("This address cannot be used this way"),
        happened=_("Something was sent to a page that is only read, or opened that is only sent to."),
        advice=_("Nothing was changed. Go back, or start from the front page."),
    )


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler403"""
    return error_page(
        request,
        status=403,
        title=_("This page is not open to you"),
        happened=_("It belongs to somebody else, or needs something that you have not done yet."),
        advice=_("If it is yours, log in with the account that it belongs to."),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """CSRF_FAILURE_VIEW"""
    return error_page(
        request,
        status=403,
        title=_("The form was open for too long"),
        happened=_("We could not make sure that this form was sent by you, so nothing was changed."),
        advice=_("Go back, reload the page, and send it again. Cookies must be allowed for this site."),
    )


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler404"""
    return error_page(
        request,
        status=404,
        title=_("There is nothing at this address"),
        happened=_("The page may have been removed, or the address has a slip in it."),
        advice=_("Check the address, or start from the front page."),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500"""
    return error_page(
        request,
        status=500,
        title=_("Something broke on our side"),
        happened=_("Your request was not finished. It is our fault, not yours."),
        advice=_(
            "What you typed is still in the page before this one: go back and send it again in a minute."
        ),
    )
