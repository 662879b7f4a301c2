import { MigrationInterface, QueryRunner, Table } from "typeorm";

export class Start1700000000000 implements MigrationInterface {
    name = "Start1700000000000";

    public async up(queryRunner: QueryRunner): Promise<void> {
        await queryRunner.query(`CREATE TABLE "customers" ("id" SERIAL PRIMARY KEY, "email" text NOT NULL)`);
        await queryRunner.query(
            `CREATE TABLE "order" ("id" SERIAL PRIMARY KEY, "customer_id" integer NOT NULL REFERENCES "customers" ("id"), "code" text NOT NULL, "deletedAt" TIMESTAMP)`,
        );
    }

    public async down(queryRunner: QueryRunner): Promise<void> {
        await queryRunner.dropTable(new Table({ name: "order" }));
        await queryRunner.query(`DROP TABLE "customers"`);
    }
}
