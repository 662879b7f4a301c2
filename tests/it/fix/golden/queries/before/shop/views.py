from django.http import JsonResponse

from .models import Line, Order


def orders(request):
    found = Order.objects.filter(state=request.GET["state"])[:200]
    return JsonResponse({"orders": [{"id": order.id, "name": order.customer.name} for order in found]})


def sheets(request):
    out = []
    for order in Order.objects.filter(state="open").order_by("id")[:200]:
        out.append([line.text for line in order.lines.all()])
    return JsonResponse({"sheets": out})


def keys(request):
    out = []
    for line in Line.objects.filter(text=request.GET["text"])[:200]:
        out.append((line.text, line.order.id))
    return JsonResponse({"keys": out})


def state(request):
    if Order.objects.filter(state="open").count() > 0:
        return JsonResponse({"state": "busy"})
    if Order.objects.filter(state="late").count() == 0 and request.user.is_staff:
        return JsonResponse({"state": "calm"})
    return JsonResponse({"state": "idle"})
