'use strict';

/** @type {import('sequelize-cli').Migration} */
module.exports = {
  async up(queryInterface, Sequelize) {
    await queryInterface.createTable('customers', {
      id: { type: Sequelize.INTEGER, primaryKey: true, autoIncrement: true },
      email: { type: Sequelize.STRING, allowNull: false },
      city: { type: Sequelize.STRING },
      createdAt: { type: Sequelize.DATE },
    });
    await queryInterface.addIndex('customers', ['city'], { name: 'customers_city' });
  },

  async down(queryInterface) {
    await queryInterface.dropTable('customers');
  },
};
