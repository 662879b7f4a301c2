import express from "express";
import { dataSource } from "./data-source";
import { Customer } from "./entity/Customer";
import { Order } from "./entity/Order";

const app = express();

app.get("/customers", async (req, res) => {
    const customers = dataSource.getRepository(Customer);
    res.json(await customers.find({ where: { email: String(req.query.email) }, take: 10 }));
});

app.get("/orders", async (req, res) => {
    const orders = dataSource.getRepository(Order);
    res.json(await orders.find({ where: { code: String(req.query.code) }, take: 10 }));
});
