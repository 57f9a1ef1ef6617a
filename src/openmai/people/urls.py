"""Addresses of the members' pages, under the language prefix."""

from django.urls import path

from openmai.people import replacement_views, views

app_name = "people"
urlpatterns = [
    path("", views.home, name="home"),
    path("account/", views.account, name="account"),
    path("employment/", views.employments, name="employments"),
    path("employment/new/", views.employment_new, name="employment_new"),
    path("employment/code/", views.employment_code, name="employment_code"),
    path("employment/mail/", views.mail_proof_new, name="mail_proof_new"),
    path("employment/mail/<uuid:proof_id>/", views.mail_proof, name="mail_proof"),
    path("employment/<uuid:employment_id>/end/", views.employment_end, name="employment_end"),
    path("enrol/", views.enrol, name="enrol"),
    path("enrol/replace/", replacement_views.replace, name="replace"),
]
