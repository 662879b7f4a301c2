import type { Knex } from "knex";

export async function up(knex: Knex): Promise<void> {
  await knex.raw("CREATE INDEX CONCURRENTLY ix_customers_email ON customers (email)");
  await knex.raw(`CREATE INDEX CONCURRENTLY ix_order_customer_id ON "order" (customer_id)`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw("DROP INDEX CONCURRENTLY ix_order_customer_id");
  await knex.raw("DROP INDEX CONCURRENTLY ix_customers_email");
}

export const config = { transaction: false };
