-- What is streamed: MEGABYTES of rows of about WIDTH bytes, all of them visible.
CREATE TABLE public.TABLE (id bigint NOT NULL, tenant_id text NOT NULL, body text NOT NULL);
ALTER TABLE public.TABLE ALTER body SET STORAGE EXTERNAL;
INSERT INTO public.TABLE SELECT i, 'acme', repeat('x', WIDTH - 20) FROM generate_series(1, MEGABYTES * 1000000 / WIDTH) AS i;
GRANT SELECT ON public.TABLE TO kim, service;
VACUUM ANALYZE public.TABLE;
