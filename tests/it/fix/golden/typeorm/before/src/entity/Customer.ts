import { Column, Entity, OneToMany, PrimaryGeneratedColumn } from "typeorm";
import { Order } from "./Order";

@Entity("customers")
export class Customer {
    @PrimaryGeneratedColumn()
    id!: number;

    @Column({ type: "text" })
    email!: string;

    @OneToMany(() => Order, (order) => order.customer)
    orders!: Order[];
}
