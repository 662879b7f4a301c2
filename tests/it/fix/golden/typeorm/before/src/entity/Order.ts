import {
    Column,
    DeleteDateColumn,
    Entity,
    JoinColumn,
    ManyToOne,
    PrimaryGeneratedColumn,
} from "typeorm";
import { Customer } from "./Customer";

@Entity({ name: "order" })
export class Order {
    @PrimaryGeneratedColumn()
    id!: number;

    @ManyToOne(() => Customer, (customer) => customer.orders)
    @JoinColumn({ name: "customer_id" })
    customer!: Customer;

    @Column({ type: "text" })
    code!: string;

    @DeleteDateColumn({ name: "deletedAt" })
    deletedAt!: Date | null;
}
