-- Tables in the shape that multi-tenant applications have most of: a key, a tenant, and a few columns. The first tenant
-- owns the first half of the rows, so that every statement of its user by key finds one.
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

-- What is updated. Half of each page is free, so that new versions of rows stay on it.
CREATE TABLE public.job (
    id        bigint PRIMARY KEY,
    tenant_id text NOT NULL,
    tries     integer NOT NULL
) WITH (fillfactor = 50);

INSERT INTO public.job SELECT id, tenant_id, 0 FROM public.item;

CREATE INDEX ON public.job (tenant_id);

-- What is inserted. The defaults are what native row-level security fills in, and Wherewall's presets do.
CREATE TABLE public.note (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text NOT NULL DEFAULT 'acme',
    author    text NOT NULL DEFAULT 'kim',
    body      text NOT NULL
);

CREATE INDEX ON public.note (tenant_id);

GRANT SELECT ON public.item TO kim, service;
GRANT SELECT, UPDATE ON public.job TO kim, service;
GRANT SELECT, INSERT ON public.note TO kim, service;
VACUUM ANALYZE public.item;
VACUUM ANALYZE public.job;
