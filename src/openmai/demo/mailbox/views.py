"""The pages of the mailbox: messages by recipient, one message, and sending from a work address."""

import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseForbidden
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from openmai.demo.companies import COMPANIES
from openmai.demo.mailbox.store import MessageStore
from openmai.demo.mailbox.work_mail import NotDelivered, compose, signed_by_employer, submit
from openmai.platform.clock import utc_now
from openmai.platform.config import Listen

_LINK: Final = re.compile(r"(https?://[^\s<>\"']+[^\s<>\"'.,;:)])")


@dataclass(frozen=True)
class Mailbox:
    """What the pages work on; `settings.MAILBOX`."""

    store: MessageStore
    inbound: Listen
    inbound_address: str
    dkim_keys: Path


class WorkMailForm(forms.Form):
    """The local part is checked as strictly as a mail server would: this only pretends to be one."""

    employee = forms.RegexField(
        label=_("Name before the @"), regex=r"^[A-Za-z0-9.+_-]{1,64}$", max_length=64, initial="alice"
    )
    company = forms.ChoiceField(label=_("Employer"))
    subject = forms.CharField(
        label=_("Subject"), max_length=200, help_text=_("Copy it from the page that asked for the mail.")
    )
    text = forms.CharField(label=_("Text"), max_length=5000, required=False, widget=forms.Textarea)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type] # Django's own, far longer signature
        chinese = (get_language() or "en").startswith("zh")
        self.fields["company"].choices = [  # type: ignore[attr-defined] # it is the ChoiceField above
            (each.domain, f"{each.zh if chinese else each.en} · @{each.domain}") for each in COMPANIES
        ]


@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    return render(request, "mailbox/inbox.html", {"boxes": _mailbox().store.by_recipient()})


@require_GET
def message(request: HttpRequest, number: int) -> HttpResponse:
    found = _mailbox().store.get(number)
    if found is None:
        raise Http404
    # Odd pieces are links, because the pattern is one group.
    pieces = _LINK.split(found.text)
    return render(request, "mailbox/message.html", {"message": found, "pieces": pieces})


@require_http_methods(["GET", "POST"])
def send(request: HttpRequest) -> HttpResponse:
    # No cookie here that a token could be tied to; browsers say themselves whether the form was ours.
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        return HttpResponseForbidden("This form was sent from another site.")
    form = WorkMailForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            _send_work_mail(**form.cleaned_data)
        except NotDelivered as error:
            form.add_error(None, _("The people site refused the mail: %(answer)s") % {"answer": error})
        else:
            return redirect("mailbox:sent")
    context = {"form": form, "to": _mailbox().inbound_address}
    return render(request, "mailbox/send.html", context, status=422 if form.errors else 200)


@require_GET
def sent(request: HttpRequest) -> HttpResponse:
    return render(request, "mailbox/sent.html", {"to": _mailbox().inbound_address})


def _send_work_mail(*, employee: str, company: str, subject: str, text: str) -> None:
    mailbox = _mailbox()
    sender, to, now = f"{employee}@{company}", mailbox.inbound_address, utc_now()
    plain = compose(sender=sender, to=to, subject=subject, text=text, now=now, token=secrets.token_hex(16))
    signed = signed_by_employer(plain, domain=company, keys=mailbox.dkim_keys, now=now)
    submit(signed, sender=sender, to=to, server=mailbox.inbound)


def _mailbox() -> Mailbox:
    mailbox: Mailbox = settings.MAILBOX
    return mailbox
