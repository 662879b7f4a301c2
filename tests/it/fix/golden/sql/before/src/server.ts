import express from "express";
import { Pool } from "pg";

const app = express();
const pool = new Pool();

app.get("/customers", async (req, res) => {
  const found = await pool.query("SELECT id FROM customers WHERE email = $1 LIMIT 10", [req.query.email]);
  res.json(found.rows);
});
