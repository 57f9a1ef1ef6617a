"""What pages have in common: who may see them, and how a refusal gets beside its field."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from openmai.people.errors import Refused

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def member_page(view: View[P]) -> View[P]:
    """A page for logged-in members that no cache may keep."""
    guarded: View[P] = never_cache(login_required(view))
    return guarded


def refuse(form: Form, field: str | None, error: Refused) -> None:
    """Show a refusal beside `field`, or above the form."""
    form.add_error(field, str(error.reason))
