import type { Knex } from "knex";

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("customers", (t) => {
    t.increments("id");
    t.text("email").notNullable();
  });
  await knex.schema.createTable("order", (t) => {
    t.increments("id");
    t.integer("customer_id").notNullable().references("id").inTable("customers");
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("order");
  await knex.schema.dropTable("customers");
}
