-- The shop: one table, written all the time by the demo.
CREATE TABLE orders (
    id          bigserial PRIMARY KEY,
    customer_id int            NOT NULL,
    status      text           NOT NULL,
    amount      numeric(12, 2) NOT NULL,
    note        text,
    created_at  timestamptz    NOT NULL DEFAULT clock_timestamp(),
    updated_at  timestamptz    NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX orders_updated_at ON orders (updated_at, id);
