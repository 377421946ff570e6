-- The sample: a small star schema. One company owns all of it; who sees which rows depends on the region of the store
-- that a sale was made in, and the margin is for those who manage the store.

CREATE SCHEMA dw;

CREATE TABLE dw.dim_store (
    store_sk   int PRIMARY KEY,
    name       text NOT NULL,
    city       text NOT NULL,
    region     text NOT NULL CHECK (region IN ('NORD', 'WEST', 'OST', 'SUED')),
    manager_id text NOT NULL,
    opened_on  date NOT NULL,
    area_m2    int NOT NULL CHECK (area_m2 > 0)
);
CREATE INDEX ON dw.dim_store (region);

CREATE TABLE dw.dim_date (
    date_sk int PRIMARY KEY,            -- 20260131
    day     date NOT NULL UNIQUE,
    year    smallint NOT NULL,
    quarter smallint NOT NULL,
    month   smallint NOT NULL,
    weekday smallint NOT NULL,
    holiday bool NOT NULL DEFAULT false
);

CREATE TABLE dw.fact_sales (
    date_sk   int NOT NULL REFERENCES dw.dim_date,
    store_sk  int NOT NULL REFERENCES dw.dim_store,
    ticket_no bigint NOT NULL,
    line_no   smallint NOT NULL,
    article   text NOT NULL,
    qty       int NOT NULL,
    amount    numeric(12,2) NOT NULL,
    cost      numeric(12,2) NOT NULL,
    margin    numeric(12,2) GENERATED ALWAYS AS (amount - cost) STORED,
    PRIMARY KEY (date_sk, ticket_no, line_no)
) PARTITION BY RANGE (date_sk);
CREATE TABLE dw.fact_sales_2025 PARTITION OF dw.fact_sales FOR VALUES FROM (20250101) TO (20260101);
CREATE TABLE dw.fact_sales_2026 PARTITION OF dw.fact_sales FOR VALUES FROM (20260101) TO (20270101);
CREATE INDEX ON dw.fact_sales (store_sk);

CREATE MATERIALIZED VIEW dw.sales_by_month AS
    SELECT d.year, d.month, s.region, sum(f.amount) AS amount, count(*) AS lines
    FROM dw.fact_sales f JOIN dw.dim_store s USING (store_sk) JOIN dw.dim_date d USING (date_sk)
    GROUP BY 1, 2, 3
    WITH NO DATA;
