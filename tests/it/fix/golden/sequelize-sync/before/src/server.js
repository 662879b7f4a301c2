const express = require('express')
const { Customer, Visit } = require('./models')

const app = express()

app.get('/visits', async (req, res) => {
  res.json(await Visit.findAll({ where: { customer_id: String(req.query.customer) }, limit: 10 }))
})

app.delete('/customers/:id', async (req, res) => {
  res.json(await Customer.destroy({ where: { id: req.params.id } }))
})
