import { PrismaClient } from "@prisma/client";
import express from "express";

const app = express();
const prisma = new PrismaClient();

app.get("/customers", async (req, res) => {
  res.json(await prisma.customer.findMany({ where: { email: String(req.query.email) }, take: 10 }));
});
