from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('orders', '0001_initial'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='entry',
            index=models.Index(fields=['key'], name='ix_orders_entry_key'),
        ),
        AddIndexConcurrently(
            model_name='note',
            index=models.Index(fields=['topic'], name='ix_orders_note_topic'),
        ),
        AddIndexConcurrently(
            model_name='order',
            index=models.Index(fields=['email'], name='ix_orders_order_email'),
        ),
        AddIndexConcurrently(
            model_name='order',
            index=models.Index(fields=['-placed'], name='ix_orders_order_placed'),
        ),
        AddIndexConcurrently(
            model_name='order',
            index=models.Index(fields=['customer'], name='ix_orders_order_customer_id'),
        ),
        AddIndexConcurrently(
            model_name='visit',
            index=models.Index(fields=['page'], name='ix_orders_visit_page', condition=models.Q(customer__isnull=True, hidden=False)),
        ),
    ]
