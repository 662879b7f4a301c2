import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const customers = sqliteTable("customers", {
  id: integer("id").primaryKey(),
  email: text("email").notNull(),
});

export const orders = sqliteTable(
  "order",
  {
    id: integer("id").primaryKey(),
    customerId: integer("customer_id")
      .notNull()
      .references(() => customers.id),
    code: text("code").notNull(),
    created: integer("created_at", { mode: "timestamp" }).notNull(),
  },
  (t) => [index("order_code_idx").on(t.code)],
);
