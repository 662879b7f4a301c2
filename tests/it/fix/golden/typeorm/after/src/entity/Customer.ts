import { Column, Entity, Index, OneToMany, PrimaryGeneratedColumn } from "typeorm";
import { Order } from "./Order";

@Entity("customers")
@Index("ix_customers_email", ["email"])
export class Customer {
    @PrimaryGeneratedColumn()
    id!: number;

    @Column({ type: "text" })
    email!: string;

    @OneToMany(() => Order, (order) => order.customer)
    orders!: Order[];
}
