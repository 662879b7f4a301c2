/**
 * @param { import("knex").Knex } knex
 * @returns { Promise<void> }
 */
exports.up = function (knex) {
  return knex.schema.alterTable('customers', (table) => {
    table.index(['city'], 'ix_customers_city')
  })
}

/**
 * @param { import("knex").Knex } knex
 * @returns { Promise<void> }
 */
exports.down = function (knex) {
  return knex.schema.alterTable('customers', (table) => {
    table.dropIndex(['city'], 'ix_customers_city')
  })
}
