import express from "express";
import knex from "knex";

const app = express();
const db = knex({ client: "pg", connection: process.env.DATABASE_URL });

app.get("/customers", async (req, res) => {
  res.json(await db("customers").where({ email: String(req.query.email) }).limit(10));
});
