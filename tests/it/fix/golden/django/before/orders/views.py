from django.http import JsonResponse

from .models import Entry, Note, Order, Visit


def by_email(request):
    orders = Order.objects.filter(email=request.GET["email"])[:50]
    return JsonResponse({"orders": [order.state for order in orders]})


def log(request):
    entries = Entry.objects.filter(key=request.GET["key"])[:50]
    notes = Note.objects.filter(topic=request.GET["topic"])[:50]
    return JsonResponse({"entries": [entry.key for entry in entries], "notes": [note.topic for note in notes]})


def recent(request):
    orders = Order.objects.filter(state=request.GET["state"]).order_by("-placed")[:20]
    return JsonResponse({"orders": [order.email for order in orders]})


def visits(request):
    visits = Visit.objects.filter(page=request.GET["page"], customer__isnull=True, hidden=False)[:20]
    return JsonResponse({"visits": [visit.id for visit in visits]})
