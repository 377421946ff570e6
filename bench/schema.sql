-- One table in the shape that a multi-tenant application has most of: a serial key, a tenant, and a few columns of
-- text. The first tenant owns the first half of the rows, so that every point select of its user finds one.
CREATE TABLE public.item (
    id         bigint PRIMARY KEY,
    tenant_id  text NOT NULL,
    title      text NOT NULL,
    status     text NOT NULL,
    created_at timestamptz NOT NULL
);

INSERT INTO public.item
SELECT i,
       CASE WHEN i <= 50000 THEN 'acme' ELSE 'tenant' || (i % 99) END,
       'item number ' || i,
       CASE i % 3 WHEN 0 THEN 'open' WHEN 1 THEN 'done' ELSE 'waiting' END,
       timestamptz '2026-01-01' + i * interval '1 minute'
FROM generate_series(1, 100000) AS i;

CREATE INDEX ON public.item (tenant_id);
GRANT SELECT ON public.item TO kim, service;
VACUUM ANALYZE public.item;
