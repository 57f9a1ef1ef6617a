"""The page on which a member gives up a lost key."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from openmai.people import actions, queries
from openmai.people.access import member_of
from openmai.people.errors import Refused
from openmai.people.forms import ReplaceForm
from openmai.people.pages import member_page
from openmai.people.queries.replacements import quarantine_days
from openmai.platform.clock import utc_now


@member_page
@require_http_methods(["GET", "HEAD", "POST"])
def replace(request: HttpRequest) -> HttpResponse:
    """Say what it costs, ask, and give the key up."""
    now = utc_now()
    member = member_of(request)
    state = queries.key_state(member_id=member.id, season=queries.current_season(now))
    form = ReplaceForm(request.POST if request.method == "POST" else None)
    if state.replaceable and request.method == "POST" and form.is_valid():
        try:
            actions.replace_key(member_id=member.id, now=now)
            messages.success(request, _("Your key was given up. You can register another one now."))
        except Refused as error:
            messages.warning(request, str(error.reason))
        return redirect("people:enrol")
    status = 422 if form.errors else 200
    context = {"form": form, "state": state, "days": quarantine_days()}
    return render(request, "people/replace.html", context, status=status)
