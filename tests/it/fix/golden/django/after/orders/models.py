from django.db import models


class Stamped(models.Model):
    created = models.DateTimeField()

    class Meta:
        abstract = True
        ordering = ["-created"]


class Customer(models.Model):
    name = models.CharField(max_length=100)


class Order(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, db_index=False)
    email = models.CharField(max_length=200)
    state = models.CharField(max_length=20)
    placed = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["email"], name="ix_orders_order_email"),
            models.Index(fields=["-placed"], name="ix_orders_order_placed"),
            models.Index(fields=["customer"], name="ix_orders_order_customer_id"),
        ]

    def total(self):
        return 0


class Entry(Stamped):
    key = models.CharField(max_length=50)

    class Meta(Stamped.Meta):
        indexes = [
            models.Index(fields=["key"], name="ix_orders_entry_key"),
        ]


class Note(models.Model):
    topic = models.CharField(max_length=50)
    deleted = models.BooleanField(default=False)

    class Meta:
        ordering = ["topic"]
        indexes = [models.Index(fields=["deleted"], name="note_deleted"), models.Index(fields=["topic"], name="ix_orders_note_topic")]


class Visit(models.Model):
    page = models.CharField(max_length=50)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.CASCADE)
    hidden = models.BooleanField(default=False)

    class Meta:
        # The newest first.
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["page"], name="ix_orders_visit_page", condition=models.Q(customer__isnull=True, hidden=False)),
        ]
