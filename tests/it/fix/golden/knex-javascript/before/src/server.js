const express = require('express')
const db = require('knex')({ client: 'better-sqlite3', connection: { filename: 'shop.db' } })

const app = express()

app.get('/customers', async (req, res) => {
  res.json(await db('customers').where({ email: String(req.query.email) }).limit(10))
})

app.get('/cities', async (req, res) => {
  res.json(await db('customers').where({ city: String(req.query.city) }).limit(10))
})
