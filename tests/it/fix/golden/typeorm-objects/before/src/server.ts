import express from 'express'
import { Visit } from './visit.entity'

const app = express()

app.get('/visits', async (req, res) => {
  res.json(await Visit.find({ where: { visitorId: String(req.query.visitor) }, order: { createdAt: 'DESC' }, take: 20 }))
})
