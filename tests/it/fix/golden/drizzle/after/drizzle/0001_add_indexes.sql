CREATE INDEX `ix_customers_email` ON `customers` (`email`);--> statement-breakpoint
CREATE INDEX `ix_order_customer_id` ON `order` (`customer_id`);