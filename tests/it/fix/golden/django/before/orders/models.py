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

    def total(self):
        return 0


class Entry(Stamped):
    key = models.CharField(max_length=50)


class Note(models.Model):
    topic = models.CharField(max_length=50)
    deleted = models.BooleanField(default=False)

    class Meta:
        ordering = ["topic"]
        indexes = [models.Index(fields=["deleted"], name="note_deleted")]


class Visit(models.Model):
    page = models.CharField(max_length=50)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.CASCADE)
    hidden = models.BooleanField(default=False)

    class Meta:
        # The newest first.
        ordering = ["-id"]
