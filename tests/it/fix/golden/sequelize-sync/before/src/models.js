const { DataTypes, Model, Sequelize } = require('sequelize')

const sequelize = new Sequelize({ dialect: 'sqlite', storage: 'shop.db' })

class Customer extends Model {}
Customer.init({ email: DataTypes.STRING }, { sequelize, modelName: 'Customer', tableName: 'customers' })

const Visit = sequelize.define('Visit', {
  page: DataTypes.STRING,
  customer_id: { type: DataTypes.INTEGER, references: { model: 'customers', key: 'id' } },
})

class Note extends Model {}
Note.init(
  {
    text: DataTypes.STRING,
    customer_id: { type: DataTypes.INTEGER, references: { model: 'customers', key: 'id' } },
  },
  { sequelize, modelName: 'Note', tableName: 'notes' },
)

sequelize.sync()

module.exports = { Customer, Note, Visit, sequelize }
