"""Addresses of the members' pages, under the language prefix."""

from django.urls import path

from openmai.people import badge_views, login_views, replacement_views, views

app_name = "people"
urlpatterns = [
    path("", views.home, name="home"),
    path("account/", views.account, name="account"),
    path("employment/", views.employments, name="employments"),
    path("employment/new/", views.employment_new, name="employment_new"),
    path("employment/code/", views.employment_code, name="employment_code"),
    path("employment/mail/", views.mail_proof_new, name="mail_proof_new"),
    path("employment/mail/<uuid:proof_id>/", views.mail_proof, name="mail_proof"),
    path("employment/login/", login_views.login_proof_new, name="login_proof_new"),
    path("employment/login/go/", login_views.login_proof, name="login_proof"),
    path("employment/badge/", badge_views.badge_new, name="badge_new"),
    path("employment/badge/<uuid:review_id>/withdraw/", badge_views.badge_withdraw, name="badge_withdraw"),
    path("reviews/", badge_views.reviews, name="reviews"),
    path("reviews/<uuid:review_id>/", badge_views.review, name="review"),
    path("reviews/<uuid:review_id>/picture.jpg", badge_views.review_picture, name="review_picture"),
    path("employment/<uuid:employment_id>/end/", views.employment_end, name="employment_end"),
    path("enrol/", views.enrol, name="enrol"),
    path("enrol/replace/", replacement_views.replace, name="replace"),
]
