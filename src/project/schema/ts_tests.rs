//! Entities, models and migrations in TypeScript, read through the linked project.

#![allow(clippy::unwrap_used, reason = "a test that finds nothing has failed")]

use super::code_tests::{keys, schema};
use crate::statement::Loading;

#[test]
fn typeorm_entities_and_migrations_are_one_table() {
    let schema = schema(&[
        (
            "src/base.ts",
            "import { PrimaryGeneratedColumn, CreateDateColumn, Index } from 'typeorm';\nexport abstract class Base {\n  @PrimaryGeneratedColumn('uuid') id: string;\n  @Index() @CreateDateColumn({ type: 'timestamptz' }) createdAt: Date;\n}\n",
        ),
        (
            "src/order.ts",
            r#"
import { Entity, Column, ManyToOne, OneToMany, JoinColumn, Index, Unique } from 'typeorm';
import { Base } from './base';
import { User } from './user';
@Entity({ name: 'orders' })
@Index(['state', 'createdAt'])
@Index('live', ['state'], { where: '"deleted" IS NULL' })
@Unique(['number'])
export class Order extends Base {
  @Column({ type: 'varchar', length: 20 }) number: string;
  @Column() state: string;
  @Column({ nullable: true }) userId: string | null;
  @ManyToOne(() => User, (user) => user.orders, { eager: true })
  @JoinColumn({ name: 'userId' })
  user: User;
  @ManyToOne(() => User) editor: User;
}
"#,
        ),
        (
            "src/user.ts",
            "import { Entity, PrimaryColumn, OneToMany } from 'typeorm';\nimport { Order } from './order';\n@Entity()\nexport class User {\n  @PrimaryColumn() id: string;\n  @OneToMany(() => Order, (order) => order.user) orders: Order[];\n}\n",
        ),
        (
            "src/migrations/1700000000001-second.ts",
            r#"
import { MigrationInterface, QueryRunner, TableIndex, TableColumn } from 'typeorm';
export class Second1700000000001 implements MigrationInterface {
  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE INDEX CONCURRENTLY "by_editor" ON "orders" ("editor_id")`);
    await queryRunner.createIndex('orders', new TableIndex({ name: 'by_note', columnNames: ['note'] }));
    await queryRunner.addColumn('orders', new TableColumn({ name: 'extra', type: 'int', isUnique: true }));
    await queryRunner.query(`DROP INDEX "gone"`);
  }
  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE "orders"`);
  }
}
"#,
        ),
        (
            "src/migrations/1700000000000-first.ts",
            r"
import { MigrationInterface, QueryRunner, Table } from 'typeorm';
export class First1700000000000 implements MigrationInterface {
  async up(runner: QueryRunner) {
    await runner.createTable(new Table({
      name: 'orders',
      columns: [{ name: 'id', type: 'uuid', isPrimary: true }, { name: 'editor_id', type: 'uuid' }, { name: 'note', type: 'text' }],
      indices: [{ name: 'gone', columnNames: ['note', 'id'] }],
      foreignKeys: [{ columnNames: ['editor_id'], referencedTableName: 'user', referencedColumnNames: ['id'] }],
    }), true);
  }
}
",
        ),
    ]);
    let orders = schema.table("Order").unwrap();
    assert_eq!(orders.name, "orders");
    assert_eq!(
        keys(orders),
        [
            "createdAt",
            "editor_id",
            "note",
            "state",
            "state, createdAt",
            "u:extra",
            "u:id",
            "u:number"
        ]
    );
    assert_eq!(orders.column("editor").unwrap().name, "editor_id", "the connection's naming");
    assert!(!orders.leads("userId"), "TypeORM indexes no foreign key");
    assert_eq!(orders.foreign_keys.len(), 2);
    assert!(orders.foreign_keys.iter().all(|key| key.target == "user"));
    let user = schema.model("Order").unwrap().relation("user").unwrap().clone();
    assert!(user.loading == Loading::Eager && !user.to_many);
    assert!(schema.model("User").unwrap().relation("orders").unwrap().to_many);
    let built: Vec<(&str, bool)> = schema
        .builds
        .iter()
        .map(|build| {
            (
                build.index.name.as_deref().unwrap(),
                build.table_existed && !build.index.concurrently,
            )
        })
        .collect();
    assert_eq!(built, [("by_editor", false), ("by_note", true)]);
}

#[test]
fn mikroorm_indexes_its_keys_unless_migrations_tell_otherwise() {
    let entity = r"
import { Entity, PrimaryKey, Property, ManyToOne, Index, OneToOne } from '@mikro-orm/core';
import { Order } from './order';
@Entity({ tableName: 'payment' })
@Index({ name: 'both', properties: ['orderCode', 'order'] })
export class Payment {
  @PrimaryKey({ columnType: 'text' }) id!: string;
  @Property({ columnType: 'text', unique: true }) orderCode!: string;
  @ManyToOne({ entity: () => Order, index: 'by_cart', fieldName: 'cart_id' }) cart!: Order;
  @ManyToOne() order!: Order;
}
";
    let alone = schema(&[("src/payment.ts", entity)]);
    assert_eq!(
        keys(alone.table("payment").unwrap()),
        ["cart_id", "order_code, order_id", "order_id", "u:id", "u:order_code"]
    );
    let migration = r#"
import { Migration } from '@mikro-orm/migrations';
export class Migration20240101 extends Migration {
  async up(): Promise<void> {
    this.addSql('create table if not exists "payment" ("id" text not null, "order_code" text not null, "cart_id" text, "order_id" text, constraint "payment_pkey" primary key ("id"));');
    this.addSql('create index "by_cart_id" on "payment" ("cart_id");');
  }
}
"#;
    let deployed = schema(&[("src/payment.ts", entity), ("src/migrations/Migration20240101.ts", migration)]);
    assert!(!deployed.table("payment").unwrap().leads("order_id"), "the migration made none");
    assert!(deployed.table("payment").unwrap().leads("cart_id"));
}

#[test]
fn medusa_models_have_columns_that_nobody_writes() {
    let schema = schema(&[(
        "src/models/item.ts",
        r#"
import { model } from "@medusajs/framework/utils";
import { Cart } from "./cart";
export const Item = model
  .define({ name: "LineItem", tableName: "cart_line_item" }, {
    id: model.id({ prefix: "it" }).primaryKey(),
    sku: model.text().index("by_sku").nullable(),
    code: model.text().unique(),
    cart: model.belongsTo(() => Cart, { mappedBy: "items" }),
  })
  .indexes([{ name: "live", on: ["sku", "code"], where: "deleted_at IS NULL" }]);
"#,
    )]);
    let table = schema.table("Item").unwrap();
    assert_eq!(table.name, "cart_line_item");
    assert_eq!(keys(table), ["cart_id", "sku", "sku, code", "u:code", "u:id"]);
    assert!(table.column("deleted_at").unwrap().nullable);
}

#[test]
fn sequelize_models_and_steps_add_up() {
    let schema = schema(&[
        (
            "models/user.js",
            "module.exports = (sequelize, DataTypes) => {\n  const User = sequelize.define('User', { email: { type: DataTypes.STRING, unique: true }, teamId: { type: DataTypes.INTEGER, field: 'team_id' } }, { tableName: 'users', indexes: [{ fields: ['teamId', { name: 'email', order: 'DESC' }] }] });\n  return User;\n};\n",
        ),
        (
            "migrations/2-more.js",
            r#"
"use strict";
module.exports = {
  async up(queryInterface, Sequelize) {
    await queryInterface.sequelize.transaction(async (transaction) => {
      for (const column of ["a", "b"]) {
        await queryInterface.addIndex("users", [column], { transaction });
      }
      await queryInterface.addIndex("users", { fields: ["c"], name: "by_c", concurrently: true });
      await queryInterface.removeIndex("users", ["d"]);
      await queryInterface.addConstraint("users", { type: "unique", fields: ["a", "b"], name: "ab" });
      await queryInterface.addColumn("users", "team_id", { type: Sequelize.INTEGER, references: { model: "teams", key: "id" } });
    });
  },
  async down(queryInterface) {
    await queryInterface.dropTable("users");
  },
};
"#,
        ),
        (
            "migrations/1-first.js",
            "exports.up = (queryInterface, Sequelize) => queryInterface.createTable('users', { id: { type: Sequelize.INTEGER, primaryKey: true }, a: Sequelize.STRING, b: Sequelize.STRING, c: Sequelize.STRING, d: Sequelize.STRING }).then(() => queryInterface.addIndex('users', ['d']));\n",
        ),
    ]);
    let users = schema.table("User").unwrap();
    assert_eq!(keys(users), ["a", "b", "c", "team_id, email DESC", "u:a, b", "u:email", "u:id"]);
    assert_eq!(users.foreign_keys[0].target, "teams");
    let blocked: Vec<&str> = schema
        .builds
        .iter()
        .filter(|build| build.table_existed && !build.index.concurrently)
        .map(|build| build.index.keys[0].column.as_str())
        .collect();
    assert_eq!(blocked, ["a", "b"]);
}

#[test]
fn knex_and_kysely_builders_are_read() {
    let schema = schema(&[
        (
            "knex/1_first.ts",
            r#"
import { Knex } from "knex";
export async function up(knex: Knex): Promise<void> {
  await knex.schema
    .createTable("teams", (t) => { t.increments(); })
    .createTable("users", (t) => {
      t.uuid("id").primary();
      t.string("email").notNullable().unique();
      t.integer("team_id").references("id").inTable("teams").index();
      t.string("state");
      t.index(["state", "email"], "both");
    });
  await knex.raw("CREATE INDEX CONCURRENTLY by_state ON users (state)");
}
export async function down(knex: Knex) { await knex.schema.dropTable("users"); }
"#,
        ),
        (
            "knex/2_second.ts",
            "export const up = async (knex) => {\n  await knex.schema.alterTable('users', (t) => {\n    t.dropIndex(['team_id']);\n    t.string('nick').index();\n    t.foreign('state').references('teams.id');\n  });\n};\n",
        ),
        (
            "kysely/1_posts.ts",
            r#"
import { Kysely, sql } from "kysely";
export async function up(db: Kysely<any>): Promise<void> {
  await db.schema.createTable("posts")
    .addColumn("id", "integer", (c) => c.primaryKey())
    .addColumn("user_id", "uuid", (c) => c.references("users.id").notNull())
    .addUniqueConstraint("one", ["user_id", "id"])
    .execute();
  await db.schema.createIndex("posts_user").on("posts").columns(["user_id"]).execute();
  await sql`create index by_expr on posts (lower(id))`.execute(db);
  await db.schema.createIndex("live").on("posts").column("id").where(sql.ref("gone"), "is", null).where("kind", "=", "it's").execute();
  await db.schema.createIndex("some").on("posts").column("id").where("user_id", "is not", null).where((eb) => eb("id", ">", 3)).execute();
}
"#,
        ),
    ]);
    let users = schema.table("users").unwrap();
    assert_eq!(keys(users), ["nick", "state", "state, email", "u:email", "u:id"]);
    assert_eq!(users.foreign_keys.len(), 2);
    let posts = schema.table("posts").unwrap();
    assert_eq!(posts.foreign_keys[0].target, "users");
    assert!(posts.leads("user_id") && posts.indexes.iter().any(|index| index.name.as_deref() == Some("by_expr")));
    let predicate = |name: &str| {
        let index = posts.indexes.iter().find(|index| index.name.as_deref() == Some(name));
        index.and_then(|index| index.predicate.clone())
    };
    assert_eq!(predicate("live").as_deref(), Some("\"gone\" IS NULL AND \"kind\" = 'it''s'"));
    assert_eq!(predicate("some").as_deref(), Some("?"));
}

/// Migrations of a project's own send their statements by whatever client they are given.
#[test]
fn statements_of_migrations_of_ones_own_are_read() {
    let schema = schema(&[
        (
            "src/tables.ts",
            "import { sqliteTable, text } from 'drizzle-orm/sqlite-core';\nexport const docks = sqliteTable('docks', { id: text('id').primaryKey() });\nexport const berths = sqliteTable('berths', { id: text('id').primaryKey(), dockId: text('dock_id').references(() => docks.id), side: text('side') });\n",
        ),
        (
            "src/migrations/0001-first.migration.ts",
            "import { sql } from 'drizzle-orm';\nexport const firstMigration = {\n  name: 'first',\n  up: async ({ db }) => {\n    await db.batch([\n      db.run(sql`CREATE TABLE \"docks\" (\"id\" text PRIMARY KEY)`),\n      db.run(sql`CREATE TABLE \"berths\" (\"id\" text PRIMARY KEY, \"dock_id\" text REFERENCES \"docks\"(\"id\"), \"side\" text)`),\n      db.run(sql`CREATE INDEX \"berths_dock\" ON \"berths\" (\"dock_id\")`),\n    ]);\n    await db.run(sql`PRAGMA foreign_keys = ON`);\n  },\n};\n",
        ),
        (
            "src/migrations/0002-more.ts",
            "import postgres from 'postgres';\nexport async function up(sql) {\n  await sql`CREATE INDEX berths_side ON berths (side)`;\n  await sql`UPDATE berths SET side = 'left'`;\n}\n",
        ),
    ]);
    let berths = schema.table("berths").unwrap();
    assert!(berths.leads("dock_id") && berths.leads("side"), "{:?}", keys(berths));
}

/// `casing: "snake_case"`: what migrations made of the names is known from them.
#[test]
fn drizzle_takes_the_names_that_migrations_give() {
    let schema = schema(&[
        (
            "src/schema.ts",
            "import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';\nexport const docks = sqliteTable('docks', { id: text().primaryKey() });\nexport const berths = sqliteTable('berths', { id: text().primaryKey(), dockId: text().references(() => docks.id), width: integer() });\n",
        ),
        (
            "src/migrations/0001-first.ts",
            "import { sql } from 'drizzle-orm';\nexport async function up(db) {\n  await db.run(sql`CREATE TABLE docks (id text PRIMARY KEY)`);\n  await db.run(sql`CREATE TABLE berths (id text PRIMARY KEY, dock_id text REFERENCES docks (id), width integer)`);\n}\n",
        ),
    ]);
    let berths = schema.table("berths").unwrap();
    let names: Vec<&str> = berths.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["id", "dock_id", "width"]);
    assert_eq!(berths.column("dock_id").and_then(|column| column.field.as_deref()), Some("dockId"));
    assert_eq!(berths.foreign_keys.len(), 1);
}

#[test]
fn drizzle_defines_all_relations_at_once() {
    let schema = schema(&[
        (
            "src/schema.ts",
            "import { pgTable, uuid } from 'drizzle-orm/pg-core';\nexport const users = pgTable('users', { id: uuid().primaryKey() });\nexport const posts = pgTable('posts', { id: uuid().primaryKey(), authorId: uuid('author_id') });\n",
        ),
        (
            "src/relations.ts",
            "import { defineRelations } from 'drizzle-orm';\nimport * as schema from './schema';\nexport const relations = defineRelations(schema, (r) => ({ users: { posts: r.many.posts() }, posts: { author: r.one.users({ from: r.posts.authorId, to: r.users.id }) } }));\n",
        ),
    ]);
    assert!(schema.model("users").unwrap().relation("posts").unwrap().to_many);
    let author = schema.model("posts").unwrap().relation("author").unwrap();
    assert_eq!((author.target.as_str(), author.to_many), ("users", false));
    assert_eq!(author.fields, ["authorId"]);
}
