/**
 * @param { import("knex").Knex } knex
 * @returns { Promise<void> }
 */
exports.up = function (knex) {
  return knex.schema.alterTable('customers', (table) => {
    table.index(['email'], 'ix_customers_email')
  })
}

/**
 * @param { import("knex").Knex } knex
 * @returns { Promise<void> }
 */
exports.down = function (knex) {
  return knex.schema.alterTable('customers', (table) => {
    table.dropIndex(['email'], 'ix_customers_email')
  })
}
