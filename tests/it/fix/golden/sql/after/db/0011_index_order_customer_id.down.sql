DROP INDEX CONCURRENTLY ix_order_customer_id;
