"""Addresses of the mailbox's pages."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path
from django.views.generic import RedirectView

from openmai.demo.mailbox import views

_PAGES = (
    [
        path("", views.inbox, name="inbox"),
        path("message/<int:number>/", views.message, name="message"),
        path("send/", views.send, name="send"),
        path("sent/", views.sent, name="sent"),
    ],
    "mailbox",
)

handler400 = "openmai.web.views.bad_request"
handler403 = "openmai.web.views.permission_denied"
handler404 = "openmai.web.views.page_not_found"
handler500 = "openmai.web.views.server_error"
urlpatterns = [
    path("", RedirectView.as_view(pattern_name="mailbox:inbox")),
    *i18n_patterns(path("", include(_PAGES)), prefix_default_language=True),
]
