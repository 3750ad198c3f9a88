"""Settings. Every value that differs between installations is an environment variable; docs/configuration.md lists them."""

from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from config import concealment, env, keys

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("DATA_DIR", str(BASE_DIR / "data"))).resolve()

concealment.conceal()  # whoever has read these settings holds keys

DEBUG = env.flag("DEBUG")
SECRET_KEY = keys.kept("SECRET_KEY", DATA_DIR, keys.new_secret_key())
CREDENTIAL_KEYS = keys.kept("CREDENTIAL_KEYS", DATA_DIR, keys.new_credential_key()).split(",")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "accounts",
    "audit",
    "notices",
    "migrations_store",
    "environments",
    "jobs",
    "api",
    "dashboard",
]

MIDDLEWARE = [
    "audit.context.WayMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "api.problems.ProblemMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "dashboard.language.LanguageMiddleware",
    "dashboard.middleware.PageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.context.shell",
            ],
            "builtins": ["django.templatetags.i18n", "dashboard.templatetags.ui"],
        },
    }
]

# The dashboard's own store. SQLite: write-ahead log, and transactions that take the write lock when they begin,
# so that two writers queue instead of failing half-way.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
}
DATABASES: dict[str, Any] = {"default": env.store("DATABASE_URL", DATA_DIR / "store.sqlite3")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"].setdefault("OPTIONS", {}).update(SQLITE_OPTIONS)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ru", "Русский")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.storage.StaticFiles"},
}

# Security. HTTPS=on when the dashboard is reached through TLS.
HTTPS = env.flag("HTTPS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 60 * 60
MESSAGE_STORAGE = "dashboard.said.Storage"
CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# Celery is a doorbell: a message carries an id and may be lost or doubled without harm. So: no results, early
# acknowledgement, and short waits for a broker that does not answer.
REDIS_URL = env.broker("REDIS_URL", "redis://127.0.0.1:6379/0")
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 30, "socket_connect_timeout": 2, "max_retries": 1}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.1}
CELERY_TASK_DEFAULT_QUEUE = "reads"
CELERY_TASK_ROUTES = {"jobs.tasks.run_job": {"queue": "jobs"}}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "scheduler")
CELERY_BEAT_SCHEDULE = {
    "check-databases": {"task": "environments.tasks.check_all", "schedule": 60.0},
    "send-notices": {"task": "notices.tasks.deliver", "schedule": 15.0},
    "sweep-jobs": {"task": "jobs.tasks.sweep", "schedule": 10.0},
    "drop-scratch": {"task": "jobs.tasks.drop_scratch", "schedule": 60.0},
    "sign-record": {"task": "audit.tasks.sign", "schedule": 300.0},
    "verify-record": {"task": "audit.tasks.verify", "schedule": 6 * 60 * 60.0},
    "prune-record": {"task": "audit.tasks.prune", "schedule": 24 * 60 * 60.0},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.choice("LOG_LEVEL", "WARNING", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"))},
}

# How long things may take, in seconds.
CONNECT_TIMEOUT = env.number("CONNECT_TIMEOUT", 5)
READ_TIMEOUT = env.number("READ_TIMEOUT", 10)
PREVIEW_TIMEOUT = env.number("PREVIEW_TIMEOUT", 20)
PROPOSAL_TIMEOUT = env.number("PROPOSAL_TIMEOUT", 300)
SCRATCH_URLS = {"postgresql": env.text("SCRATCH_POSTGRESQL_URL"), "mysql": env.text("SCRATCH_MYSQL_URL")}
JOB_TIMEOUT = env.number("JOB_TIMEOUT", 6 * 60 * 60)
JOB_SILENCE = env.number("JOB_SILENCE", 0)
STOP_GRACE = env.number("STOP_GRACE", 60)
LOCK_WAIT = env.number("LOCK_WAIT", 60)
ALLOW_POOLERS = env.flag("ALLOW_POOLERS")
ALLOWED_NETWORKS = env.networks("ALLOWED_NETWORKS")
GIT_ALLOW_FILE = env.flag("GIT_ALLOW_FILE", default=True)
GIT_TIMEOUT = env.number("GIT_TIMEOUT", 60)
GIT_MAX_BYTES = env.number("GIT_MAX_BYTES", 512 * 1024 * 1024)

# How a project's code is kept apart (jobs/isolation.py); 0 is no limit.
RUNNER_USER = env.text("RUNNER_USER")
RUNNER_MEMORY_MIB = env.number("RUNNER_MEMORY_MIB", 0)
RUNNER_PROCESSES = env.number("RUNNER_PROCESSES", 0)
RUNNER_OPEN_FILES = env.number("RUNNER_OPEN_FILES", 0)

# The record: its heads are signed with keys that the store does not hold, and written down outside it (audit/heads.py).
AUDIT_KEYS = keys.kept("AUDIT_KEY", DATA_DIR, keys.new_secret_key()).split(",")
INSTALLATION_ID = keys.kept("INSTALLATION_ID", DATA_DIR, keys.new_installation_id())
AUDIT_EXPORT = env.text("AUDIT_EXPORT", str(DATA_DIR / "audit" / "heads.jsonl"))
AUDIT_WEBHOOK = env.text("AUDIT_WEBHOOK")
AUDIT_RETENTION_DAYS = env.number("AUDIT_RETENTION_DAYS", 0)

# Notices: how they leave, and under which address their links lead back (notices/).
PUBLIC_URL = env.text("PUBLIC_URL").rstrip("/")
EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_PORT = env.number("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", default=True)
EMAIL_USE_SSL = env.flag("EMAIL_USE_SSL")
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "alembic-dashboard@localhost")
EMAIL_TIMEOUT = 5
