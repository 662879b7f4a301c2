CREATE TABLE customers (
    id bigserial PRIMARY KEY,
    email text NOT NULL
);

CREATE TABLE "order" (
    id bigserial PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers (id)
);
