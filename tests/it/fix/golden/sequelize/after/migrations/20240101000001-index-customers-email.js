'use strict';

/** @type {import('sequelize-cli').Migration} */
module.exports = {
  async up(queryInterface, Sequelize) {
    await queryInterface.addIndex('customers', ['email'], {
      name: 'ix_customers_email',
      concurrently: true,
    });
  },

  async down(queryInterface) {
    await queryInterface.removeIndex('customers', 'ix_customers_email');
  },
};
