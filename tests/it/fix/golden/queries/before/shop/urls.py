from django.urls import path

from . import views

urlpatterns = [
    path("orders/", views.orders),
    path("sheets/", views.sheets),
    path("keys/", views.keys),
    path("state/", views.state),
]
