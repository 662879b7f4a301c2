DROP INDEX CONCURRENTLY ix_customers_email;
