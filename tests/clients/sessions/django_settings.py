"""The settings of a Django site with dj-stripe; its address and key come by the environment."""

import os

from stripe import _stripe_client

SECRET_KEY = "of a throw-away site"
DEBUG = True
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "djstripe"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "site.db"}}
#: Its migrations alone take a minute: the tables are made at once.
MIGRATION_MODULES = {"djstripe": None}
USE_TZ = True
STRIPE_LIVE_MODE = False
STRIPE_TEST_SECRET_KEY = os.environ["STRIPE_KEY"]
STRIPE_API_HOST = os.environ["STRIPE_ADDRESS"]
# dj-stripe asks for accounts of API v2 at Stripe's own address, whatever STRIPE_API_HOST says.
_stripe_client.DEFAULT_API_BASE = STRIPE_API_HOST
DJSTRIPE_FOREIGN_KEY_TO_FIELD = "id"
