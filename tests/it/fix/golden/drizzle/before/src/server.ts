import Database from "better-sqlite3";
import { desc, eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/better-sqlite3";
import express from "express";

import { customers, orders } from "./schema";

const app = express();
const db = drizzle(new Database("shop.db"));

app.get("/customers", async (req, res) => {
  res.json(await db.select().from(customers).where(eq(customers.email, String(req.query.email))).limit(10));
});

app.get("/orders", async (req, res) => {
  const found = db.select().from(orders).where(eq(orders.customerId, Number(req.query.customer)));
  res.json(await found.orderBy(desc(orders.created)).limit(10));
});
