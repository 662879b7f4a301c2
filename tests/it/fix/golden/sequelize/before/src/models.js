const { DataTypes, Sequelize } = require('sequelize');

const sequelize = new Sequelize(process.env.DATABASE_URL, { dialect: 'postgres' });

const Customer = sequelize.define(
  'Customer',
  {
    email: { type: DataTypes.STRING, allowNull: false },
    city: DataTypes.STRING,
    createdAt: DataTypes.DATE,
  },
  {
    tableName: 'customers',
    updatedAt: false,
    indexes: [{ name: 'customers_city', fields: ['city'] }],
  },
);

module.exports = { Customer, sequelize };
