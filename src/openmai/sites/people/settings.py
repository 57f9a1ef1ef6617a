"""Django settings of the people site: real names, log-in, sessions, mail."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from openmai.platform.config import load_people
from openmai.platform.database import django_database
from openmai.platform.logging import logging_config
from openmai.web.navigation import NavItem
from openmai.web.settings_base import shared_settings

OPENMAI = load_people()

globals().update(
    shared_settings(
        site="people",
        people_origin=OPENMAI.people_origin,
        talk_origin=OPENMAI.talk_origin,
        static_dir=OPENMAI.static_dir,
        demo=OPENMAI.demo,
        time_zone=OPENMAI.time_zone,
        contact=OPENMAI.contact,
        navigation=(
            NavItem(view="people:home", label=_("Home"), icon="home"),
            NavItem(view="companies:list", label=_("Companies"), icon="building"),
            NavItem(view="people:employments", label=_("Employment"), icon="briefcase", audience="member"),
            NavItem(
                view="people:enrol", label=_("Anonymous key"), short=_("Key"), icon="key", audience="member"
            ),
            NavItem(view="people:account", label=_("Me"), icon="user", audience="member"),
            NavItem(view="account_login", label=_("Log in"), icon="user", audience="visitor"),
            NavItem(view="account_signup", label=_("Join"), icon="plus", audience="visitor"),
        ),
        context_processors=("django.contrib.messages.context_processors.messages",),
    )
)

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "procrastinate.contrib.django",
    "allauth",
    "allauth.account",
    "openmai.web",
    "openmai.companies",
    "openmai.people",
]
MIDDLEWARE = [
    "openmai.web.middleware.SecurityHeaders",
    "openmai.api.middleware.ApiAnswers",
    "django.middleware.locale.LocaleMiddleware",
    "openmai.web.middleware.ErrorPages",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
OPENMAI_API_PATHS = r"(?s)/(?:api|rosters)/.*"
ROOT_URLCONF = "openmai.sites.people.urls"
DATABASES = {"default": django_database(OPENMAI.database_url)}
SECRET_KEY = OPENMAI.secret_key.get_secret_value()
LOGGING = logging_config()

_https = OPENMAI.people_origin.startswith("https:")
SESSION_ENGINE = "openmai.people.sessions"
SESSION_COOKIE_NAME = "__Host-session" if _https else "session"
SESSION_COOKIE_SECURE = _https
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = int(timedelta(days=14).total_seconds())
CSRF_COOKIE_NAME = "__Host-csrf" if _https else "csrf"
CSRF_COOKIE_SECURE = _https
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "openmai.web.views.csrf_failure"
SECURE_SSL_REDIRECT = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 50
FILE_UPLOAD_HANDLERS: list[str] = []
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

AUTH_USER_MODEL = "people.Member"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "people:home"
LOGOUT_REDIRECT_URL = "people:home"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "openmai.people.passwords.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {
        "NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "real_name")},
    },
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = int(timedelta(hours=2).total_seconds())

ACCOUNT_ADAPTER = "openmai.people.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "signup": "openmai.people.account_forms.SignupForm",
    "login": "openmai.people.account_forms.LoginForm",
    "reset_password": "openmai.people.account_forms.ResetPasswordForm",
    "reset_password_from_key": "openmai.people.account_forms.ResetPasswordKeyForm",
    "change_password": "openmai.people.account_forms.ChangePasswordForm",
    "add_email": "openmai.people.account_forms.AddEmailForm",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 3
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if _https else "http"
# By account, never by address: behind a reverse proxy all members come from one. The proxy limits addresses
# (deploy/people.nginx.conf).
ACCOUNT_RATE_LIMITS = {
    "login": None,
    "login_failed": "5/5m/key",
    "signup": None,
    "reset_password": "5/m/key",
    "reset_password_from_key": None,
    # A demo and its tests confirm in seconds.
    "confirm_email": "1/10s/key" if OPENMAI.demo else "1/3m/key",
}

EMAIL_BACKEND = "openmai.platform.mail.QueueBackend"
DEFAULT_FROM_EMAIL = OPENMAI.mail_from
PROCRASTINATE_IMPORT_PATHS = ["openmai.platform.mail"]
