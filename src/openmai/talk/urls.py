"""Addresses of Job Talk: pages live under a language prefix, everything that programs read does not."""

from django.urls import URLPattern, URLResolver, path, register_converter

from openmai.talk import log_views, mirror, views
from openmai.talk.api import api
from openmai.talk.converters import DigestConverter

register_converter(DigestConverter, "digest")
app_name = "talk"

pages = [
    path("", views.front, name="front"),
    path("s/<slug:section>/", views.section, name="section"),
    path("t/<digest:thread>/", views.thread, name="thread"),
    path("p/<digest:post>/", views.post, name="post"),
    path("p/<digest:post>/verify/", views.verify, name="verify"),
    path("about/", views.about, name="about"),
    path("new/", views.compose, name="compose"),
    path("identity/", views.identity, name="identity"),
    path("outbox/", views.outbox, name="outbox"),
]
plain: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
    path("", views.to_language),
    path("t/<digest:thread>", views.to_language),
    path("p/<digest:post>", views.to_language),
    path("p/<digest:post>/proof.json", views.proof_file, name="proof"),
    path("healthz", views.health, name="health"),
    path("log/checkpoint", log_views.checkpoint),
    path("log/tile/<path:path>", log_views.tile),
    path("rosters/index.json", mirror.index),
    path("rosters/<str:season>/index.json", mirror.index_of),
    path("rosters/statements/<digest:digest>.json", mirror.statement),
    path("rosters/leaves/<digest:digest>.bin", mirror.leaves),
    path("rosters/paths/<digest:digest>.bin", mirror.paths),
]
