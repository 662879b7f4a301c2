//! Queries that would fail or tell something else once they are written otherwise.

use super::mended;

const SHOP: &str = "from django.db import models\n\n\nclass Slim(models.Manager):\n    def get_queryset(self):\n        return super().get_queryset().only(\"id\", \"text\")\n\n\nclass Customer(models.Model):\n    name = models.CharField(max_length=9)\n\n\nclass Order(models.Model):\n    agent = models.ForeignKey(Customer, on_delete=models.CASCADE)\n    state = models.CharField(max_length=9, db_index=True)\n    objects = models.Manager()\n\n\nclass Line(models.Model):\n    order = models.ForeignKey(Order, on_delete=models.CASCADE)\n    text = models.CharField(max_length=9)\n    slim = Slim()\n\n\nclass Note(models.Model):\n    order = models.ForeignKey(Order, on_delete=models.CASCADE)\n    text = models.CharField(max_length=9)\n    objects = Slim()\n";

/// The view of a shop, with a body, after all fixes.
fn view(body: &str) -> (String, String) {
    let views = format!("from django.http import JsonResponse\n\nfrom .models import Line, Note, Order\n\n\ndef listed(request):\n{body}");
    let urls = "from django.urls import path\n\nfrom . import views\n\nurlpatterns = [path(\"a/\", views.listed)]\n";
    let all = [
        ("shop/__init__.py", ""),
        ("shop/models.py", SHOP),
        ("shop/views.py", &views),
        ("shop/urls.py", urls),
    ];
    let (text, _) = mended(&all, "shop/views.py");
    (views, text)
}

#[test]
fn related_rows_are_loaded_only_with_whole_rows_of_a_plain_manager() {
    let told = "    return JsonResponse({\"a\": [r.order.state for r in rows]})\n";
    let by = "filter(text=request.GET[\"text\"])";
    for rows in [
        format!("    base = Line.objects.only(\"id\", \"text\")\n    rows = base.{by}[:200]\n"),
        format!("    both = Line.objects.{by}.union(Line.objects.all())\n    rows = both.order_by(\"id\")[:200]\n"),
        format!("    base = Line.objects.select_for_update()\n    rows = base.{by}[:200]\n"),
        format!("    rows = Line.objects.{by}\n    ids = [r.id for r in rows.only(\"id\")]\n"),
        format!("    rows = Line.objects.{by}\n    ids = [r.id for r in rows.filter(id__gt=1).defer(\"text\")]\n"),
        format!("    rows = Line.objects.{by}\n    if request.GET.get(\"slim\"):\n        rows = rows.only(\"id\", \"text\")\n"),
        format!("    rows = Line.objects.{by}\n    other = Line.objects.all().union(rows)\n"),
        format!("    def base():\n        return Line.objects.only(\"id\", \"text\")\n\n    rows = base().{by}[:200]\n"),
        format!(
            "    rows = Line.objects.all()\n    rows = rows.only(\"id\")\n\n    def told():\n        return [r.order.state for r in rows.{by}]\n\n    rows = told()\n    return JsonResponse({{\"a\": rows}})\n"
        ),
        format!("    base = Line.objects.all()\n    base = base.only(\"id\")\n    rows = base.{by}\n"),
        format!("    rows = Line.slim.{by}[:200]\n"),
        format!("    rows = Note.objects.{by}[:200]\n"),
    ] {
        let (before, text) = view(&format!("{rows}{told}"));
        assert_eq!(text, before);
    }
    for (rows, new) in [
        (
            format!("    rows = Line.objects.{by}[:200]\n"),
            format!("{by}.select_related(\"order\")[:200]"),
        ),
        (
            format!("    base = Line.objects.exclude(text=\"x\")\n    rows = base.{by}[:200]\n"),
            format!("{by}.select_related(\"order\")[:200]"),
        ),
    ] {
        let (_, text) = view(&format!("{rows}{told}"));
        assert!(text.contains(&new), "{text}");
    }
}

#[test]
fn a_key_that_is_set_is_not_another_one() {
    for body in [
        "    for line in Line.objects.filter(text=\"a\")[:200]:\n        line.order.id = 4\n",
        "    for line in Line.objects.filter(text=\"a\")[:200]:\n        del line.order.id\n",
        "    for line in Line.objects.filter(text=\"a\")[:200]:\n        line.text, line.order.id = \"\", 4\n",
    ] {
        let (_, text) = view(body);
        assert!(!text.contains("order_id"), "{text}");
    }
    let (_, text) = view("    return JsonResponse({\"a\": [line.order.id for line in Line.objects.filter(text=\"a\")[:200]]})\n");
    assert!(text.contains("line.order_id for"), "{text}");
}

#[test]
fn a_part_of_a_longer_comparison_is_left() {
    for test in [
        "Order.objects.filter(state=\"late\").count() == 0 == request.user.is_staff",
        "Order.objects.filter(state=\"late\").count() > 0 in (False,)",
        "0 < Order.objects.filter(state=\"late\").count() > 0",
    ] {
        let (before, text) = view(&format!("    if {test}:\n        return JsonResponse({{}})\n    return None\n"));
        assert_eq!(text, before);
    }
    let (_, text) = view(
        "    if Order.objects.filter(state=\"late\").count() == 0 and request.user.is_staff:\n        return JsonResponse({})\n    return None\n",
    );
    assert!(text.contains("if not Order.objects.filter(state=\"late\").exists() and"), "{text}");
    let (_, text) = view(
        "    if (Order.objects.filter(state=\"late\").count() == 0) == request.user.is_staff:\n        return JsonResponse({})\n    return None\n",
    );
    assert!(text.contains("if (not Order.objects.filter(state=\"late\").exists()) =="), "{text}");
}
