from django.urls import path
from orders import views

urlpatterns = [
    path("orders/", views.by_email),
    path("log/", views.log),
    path("open/", views.recent),
    path("visits/", views.visits),
]
