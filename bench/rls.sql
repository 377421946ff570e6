-- The same policy as bench/policy.yaml's, in PostgreSQL's own words. The tenant comes from a setting, as it does
-- in applications that use native row-level security behind a pooler.
ALTER TABLE public.item ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON public.item FOR SELECT TO kim USING (tenant_id = current_setting('app.tenant'));
