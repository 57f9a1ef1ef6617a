"""Addresses of the people site: pages under a language, files and the API without one."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

from openmai.people import login_views, roster_views
from openmai.people.api import api

urlpatterns = [
    path("healthz", roster_views.healthz, name="healthz"),
    path("rosters/index.json", roster_views.index, name="roster_index"),
    path("rosters/statements/<str:name>.json", roster_views.statement, name="roster_statement"),
    path("rosters/journals/<str:name>.json", roster_views.journal, name="roster_journal"),
    path("rosters/leaves/<str:name>.bin", roster_views.leaves, name="roster_leaves"),
    path("rosters/paths/<str:name>.bin", roster_views.paths, name="roster_paths"),
    path("api/v1/", api.urls),
    path("employment/login/return", login_views.login_return, name="login_return"),
    *i18n_patterns(
        path("", include("openmai.people.urls")),
        path("companies/", include("openmai.companies.urls")),
        path("account/", include("openmai.people.account_urls")),
        path("", include("openmai.web.urls")),
        prefix_default_language=True,
    ),
]

handler400 = "openmai.web.views.bad_request"
handler403 = "openmai.web.views.permission_denied"
handler404 = "openmai.web.views.page_not_found"
handler429 = "openmai.people.error_views.too_many_requests"
handler500 = "openmai.web.views.server_error"
