"""Addresses of the talk site."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

from openmai.talk import urls as talk

urlpatterns = [
    path("", include(talk.plain)),
    *i18n_patterns(path("", include((talk.pages, "talk"))), path("", include("openmai.web.urls"))),
]
handler400 = "openmai.web.views.bad_request"
handler403 = "openmai.web.views.permission_denied"
handler404 = "openmai.web.views.page_not_found"
handler500 = "openmai.web.views.server_error"
