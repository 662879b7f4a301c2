const express = require('express');
const { Customer } = require('./models');

const app = express();

app.get('/customers', async (req, res) => {
  const email = String(req.query.email);
  res.json(await Customer.findAll({ where: { email }, order: [['createdAt', 'DESC']], limit: 10 }));
});
