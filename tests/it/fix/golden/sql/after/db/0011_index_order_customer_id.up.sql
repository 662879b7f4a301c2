CREATE INDEX CONCURRENTLY ix_order_customer_id ON "order" (customer_id);
