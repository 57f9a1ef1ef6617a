"""Addresses of the shared layer, under the language prefix: `path("", include("openmai.web.urls"))`."""

from django.urls import path

from openmai.web import views

app_name = "web"
urlpatterns = [path("design/", views.design_page, name="design")]
