from django.db import models


class Customer(models.Model):
    name = models.CharField(max_length=100)


class Order(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    agent = models.ForeignKey(Customer, null=True, related_name="sales", on_delete=models.CASCADE)
    state = models.CharField(max_length=20, db_index=True)


class Line(models.Model):
    order = models.ForeignKey(Order, related_name="lines", on_delete=models.CASCADE)
    text = models.CharField(max_length=20)
