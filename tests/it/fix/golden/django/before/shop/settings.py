SECRET_KEY = "x"
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "djshop", "USER": "postgres", "HOST": "127.0.0.1", "PORT": "55440"}}
INSTALLED_APPS = ["django.contrib.contenttypes", "orders"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "shop.urls"
USE_TZ = True
