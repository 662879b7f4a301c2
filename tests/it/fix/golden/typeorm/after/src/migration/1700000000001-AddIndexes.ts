import { MigrationInterface, QueryRunner } from "typeorm";

export class AddIndexes1700000000001 implements MigrationInterface {
    name = "AddIndexes1700000000001";
    transaction = false;

    public async up(queryRunner: QueryRunner): Promise<void> {
        await queryRunner.query(`CREATE INDEX CONCURRENTLY ix_customers_email ON customers (email)`);
        await queryRunner.query(`CREATE INDEX CONCURRENTLY ix_order_code ON "order" (code) WHERE "deletedAt" IS NULL`);
        await queryRunner.query(`CREATE INDEX CONCURRENTLY ix_order_customer_id ON "order" (customer_id)`);
    }

    public async down(queryRunner: QueryRunner): Promise<void> {
        await queryRunner.query(`DROP INDEX ix_order_customer_id`);
        await queryRunner.query(`DROP INDEX ix_order_code`);
        await queryRunner.query(`DROP INDEX ix_customers_email`);
    }
}
