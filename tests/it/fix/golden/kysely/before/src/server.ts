import express from 'express'
import { db } from './db'

const app = express()

app.get('/customers', async (req, res) => {
  const email = String(req.query.email)
  const found = db.selectFrom('customers').selectAll().where('email', '=', email).where('deleted_at', 'is', null)
  res.json(await found.orderBy('created', 'desc').limit(10).execute())
})
