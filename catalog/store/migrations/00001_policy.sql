-- +goose Up
-- The tables of a policy: the population (tenants, users and what they hold) and, for those who want all of it here, the model.
CREATE TABLE wherewall.tenant (
  id         text PRIMARY KEY CHECK (id <> '' AND btrim(id) = id),
  parent_id  text REFERENCES wherewall.tenant,
  name       text,
  active     boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL DEFAULT session_user,
  CHECK (parent_id <> id)
);

-- A user who is deleted and made again under the same name is another one: the id is never used twice.
CREATE TABLE wherewall.app_user (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name        text NOT NULL UNIQUE CHECK (name <> '' AND btrim(name) = name),
  active      boolean NOT NULL DEFAULT true,
  unfiltered  boolean NOT NULL DEFAULT false,
  impersonate text NOT NULL DEFAULT 'no' CHECK (impersonate IN ('no', 'token', 'name')),
  allow       text[] NOT NULL DEFAULT '{}' CHECK (allow <@ ARRAY['explain', 'temp_tables', 'listen', 'advisory_locks', 'with_hold']),
  created_at  timestamptz NOT NULL DEFAULT now(),
  created_by  text NOT NULL DEFAULT session_user,
  CHECK (NOT unfiltered OR impersonate = 'no')
);

CREATE TABLE wherewall.credential (
  user_id  bigint PRIMARY KEY REFERENCES wherewall.app_user ON DELETE CASCADE,
  verifier text NOT NULL CHECK (verifier ~ '^SCRAM-SHA-256\$[0-9]+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$')
);

CREATE TABLE wherewall.membership (
  user_id     bigint NOT NULL REFERENCES wherewall.app_user ON DELETE CASCADE,
  tenant_id   text NOT NULL REFERENCES wherewall.tenant ON DELETE CASCADE,
  valid_from  date,
  valid_until date,
  active      boolean NOT NULL DEFAULT true,
  created_at  timestamptz NOT NULL DEFAULT now(),
  created_by  text NOT NULL DEFAULT session_user,
  PRIMARY KEY (user_id, tenant_id),
  CHECK (valid_from < valid_until)
);
CREATE INDEX membership_tenant ON wherewall.membership (tenant_id);

-- Roles are held by name, since those of the model may stand in files.
CREATE TABLE wherewall.member_role (
  user_id   bigint NOT NULL,
  tenant_id text NOT NULL,
  role      text NOT NULL CHECK (role <> ''),
  PRIMARY KEY (user_id, tenant_id, role),
  FOREIGN KEY (user_id, tenant_id) REFERENCES wherewall.membership ON DELETE CASCADE
);
CREATE INDEX member_role_role ON wherewall.member_role (tenant_id, role);

CREATE TABLE wherewall.user_role (
  user_id bigint NOT NULL REFERENCES wherewall.app_user ON DELETE CASCADE,
  role    text NOT NULL CHECK (role <> ''),
  PRIMARY KEY (user_id, role)
);

CREATE TABLE wherewall.platform_role (
  user_id bigint NOT NULL REFERENCES wherewall.app_user ON DELETE CASCADE,
  role    text NOT NULL CHECK (role <> ''),
  PRIMARY KEY (user_id, role)
);

CREATE TABLE wherewall.user_attr (
  user_id bigint NOT NULL REFERENCES wherewall.app_user ON DELETE CASCADE,
  name    text NOT NULL,
  value   jsonb NOT NULL CHECK (jsonb_typeof(value) <> 'object'),
  PRIMARY KEY (user_id, name)
);

-- A role of a tenant is its own; one of no tenant is the model's.
CREATE TABLE wherewall.role (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id   text REFERENCES wherewall.tenant ON DELETE CASCADE,
  name        text NOT NULL CHECK (name <> ''),
  replaces    text,
  reviewed    text,
  platform    boolean NOT NULL DEFAULT false,
  description text,
  allow       text[] NOT NULL DEFAULT '{}' CHECK (allow <@ ARRAY['explain', 'temp_tables', 'listen', 'advisory_locks', 'with_hold']),
  created_at  timestamptz NOT NULL DEFAULT now(),
  created_by  text NOT NULL DEFAULT session_user,
  UNIQUE NULLS NOT DISTINCT (tenant_id, name),
  CHECK (tenant_id IS NULL OR NOT platform AND allow = '{}'),
  CHECK (tenant_id IS NOT NULL OR replaces IS NULL AND reviewed IS NULL)
);

CREATE TABLE wherewall.role_grant (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  role_id      bigint NOT NULL REFERENCES wherewall.role ON DELETE CASCADE,
  permission   text NOT NULL CHECK (permission <> ''),
  scope        text NOT NULL DEFAULT 'tenant' CHECK (scope ~ '^(tenant|own|own:.+|tree|all)$'),
  where_sql    text,
  where_opaque boolean NOT NULL DEFAULT false,
  check_sql    text,
  check_opaque boolean NOT NULL DEFAULT false,
  any_tenant   boolean NOT NULL DEFAULT false
);
CREATE INDEX role_grant_role ON wherewall.role_grant (role_id);

-- A group that is bounded has its roles on the listed rows alone; without a listed row it gives nothing.
CREATE TABLE wherewall.grp (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id  text NOT NULL REFERENCES wherewall.tenant ON DELETE CASCADE,
  name       text NOT NULL UNIQUE CHECK (name <> '' AND btrim(name) = name),
  bounded    boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL DEFAULT session_user,
  UNIQUE (id, tenant_id),
  UNIQUE (id, bounded)
);
CREATE INDEX grp_tenant ON wherewall.grp (tenant_id);

-- Who leaves the tenant leaves its groups, and comes back into none of them.
CREATE TABLE wherewall.grp_member (
  grp_id    bigint NOT NULL,
  tenant_id text NOT NULL,
  user_id   bigint NOT NULL,
  PRIMARY KEY (grp_id, user_id),
  FOREIGN KEY (grp_id, tenant_id) REFERENCES wherewall.grp (id, tenant_id) ON DELETE CASCADE,
  FOREIGN KEY (user_id, tenant_id) REFERENCES wherewall.membership ON DELETE CASCADE
);
CREATE INDEX grp_member_user ON wherewall.grp_member (user_id, tenant_id);

CREATE TABLE wherewall.grp_role (
  grp_id bigint NOT NULL REFERENCES wherewall.grp ON DELETE CASCADE,
  role   text NOT NULL CHECK (role <> ''),
  PRIMARY KEY (grp_id, role)
);

CREATE TABLE wherewall.grp_resource (
  grp_id  bigint NOT NULL,
  bounded boolean NOT NULL DEFAULT true CHECK (bounded),
  entity  text NOT NULL CHECK (entity <> ''),
  keys    jsonb NOT NULL CHECK (jsonb_typeof(keys) = 'array'),
  PRIMARY KEY (grp_id, entity),
  FOREIGN KEY (grp_id, bounded) REFERENCES wherewall.grp (id, bounded) ON DELETE CASCADE
);

CREATE TABLE wherewall.resource_grant (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id    bigint NOT NULL,
  tenant_id  text NOT NULL,
  role       text NOT NULL CHECK (role <> ''),
  resources  jsonb NOT NULL CHECK (jsonb_typeof(resources) = 'object'),
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL DEFAULT session_user,
  FOREIGN KEY (user_id, tenant_id) REFERENCES wherewall.membership ON DELETE CASCADE
);
CREATE INDEX resource_grant_user ON wherewall.resource_grant (user_id, tenant_id);

-- The model.
CREATE TABLE wherewall.setting (
  name  text PRIMARY KEY CHECK (name IN ('base_role', 'star', 'trust', 'defaults', 'audit')),
  value jsonb NOT NULL
);

CREATE TABLE wherewall.attribute (
  name text PRIMARY KEY,
  type text NOT NULL
);

CREATE TABLE wherewall.entity (
  name         text PRIMARY KEY,
  relation     text NOT NULL,
  key          text[] NOT NULL DEFAULT '{}',
  tenant       jsonb NOT NULL,
  owner        text,
  owners       jsonb CHECK (jsonb_typeof(owners) = 'object'),
  always       text,
  always_opaque boolean NOT NULL DEFAULT false,
  view         text CHECK (view IN ('own', 'expand')),
  foreign_keys boolean NOT NULL DEFAULT false
);

CREATE TABLE wherewall.entity_relation (
  entity      text NOT NULL REFERENCES wherewall.entity ON DELETE CASCADE,
  name        text NOT NULL,
  to_relation text NOT NULL,
  columns     jsonb NOT NULL CHECK (jsonb_typeof(columns) = 'object'),
  many        boolean NOT NULL DEFAULT false,
  PRIMARY KEY (entity, name)
);

CREATE TABLE wherewall.permission (
  name              text PRIMARY KEY,
  description       text,
  tenant_assignable boolean NOT NULL DEFAULT false
);

CREATE TABLE wherewall.permission_op (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  permission text NOT NULL REFERENCES wherewall.permission ON DELETE CASCADE,
  entity     text NOT NULL,
  action     text NOT NULL,
  columns    text[],
  mask       jsonb CHECK (jsonb_typeof(mask) = 'object'),
  preset     jsonb CHECK (jsonb_typeof(preset) = 'object')
);
CREATE INDEX permission_op_permission ON wherewall.permission_op (permission);

CREATE TABLE wherewall.function (
  name  text PRIMARY KEY,
  reads text[] NOT NULL DEFAULT '{}'
);

-- +goose Down
DROP TABLE wherewall.function, wherewall.permission_op, wherewall.permission, wherewall.entity_relation, wherewall.entity, wherewall.attribute, wherewall.setting,
  wherewall.resource_grant, wherewall.grp_resource, wherewall.grp_role, wherewall.grp_member, wherewall.grp, wherewall.role_grant, wherewall.role,
  wherewall.user_attr, wherewall.platform_role, wherewall.user_role, wherewall.member_role, wherewall.membership, wherewall.credential, wherewall.app_user,
  wherewall.tenant;
