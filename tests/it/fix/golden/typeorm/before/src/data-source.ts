import { DataSource } from "typeorm";
import { Customer } from "./entity/Customer";
import { Order } from "./entity/Order";

export const dataSource = new DataSource({
    type: "postgres",
    url: process.env.DATABASE_URL,
    entities: [Customer, Order],
    migrations: [__dirname + "/migration/*{.ts,.js}"],
    migrationsTransactionMode: "each",
});
