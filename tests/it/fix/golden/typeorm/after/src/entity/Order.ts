import {
    Column,
    DeleteDateColumn,
    Entity,
    Index,
    JoinColumn,
    ManyToOne,
    PrimaryGeneratedColumn,
} from "typeorm";
import { Customer } from "./Customer";

@Entity({ name: "order" })
@Index("ix_order_code", ["code"], { where: '"deletedAt" IS NULL' })
@Index("ix_order_customer_id", ["customer"])
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
