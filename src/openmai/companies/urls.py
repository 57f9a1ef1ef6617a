"""Addresses of the registry, under the language prefix."""

from django.urls import path, re_path

from openmai.companies import views

app_name = "companies"
urlpatterns = [
    path("", views.company_list, name="list"),
    re_path(r"^(?P<slug>[a-z0-9][a-z0-9-]{0,62})/$", views.company_page, name="company"),
]
