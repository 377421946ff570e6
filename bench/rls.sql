-- The same policy as policy.yaml's, in PostgreSQL's own words. The tenant comes from a setting, as it does in
-- applications that use native row-level security behind a pooler; the tables have an index on it.
ALTER TABLE public.item ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON public.item FOR SELECT TO kim USING (tenant_id = current_setting('app.tenant'));
ALTER TABLE public.job ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON public.job TO kim USING (tenant_id = current_setting('app.tenant'));
ALTER TABLE public.note ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.note ALTER tenant_id SET DEFAULT current_setting('app.tenant'), ALTER author SET DEFAULT current_user;
CREATE POLICY tenant ON public.note TO kim
USING (tenant_id = current_setting('app.tenant')) WITH CHECK (tenant_id = current_setting('app.tenant') AND author = current_user);
