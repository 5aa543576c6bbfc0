-- Models and routes, each in immutable versions under the digest of their content. A route's version names models by their digests, so that
-- what it means never moves.

create table model_version (
  t text not null,
  model text not null,
  digest text not null,
  content jsonb not null,
  created timestamptz not null default clock_timestamp(),
  primary key (t, model, digest),
  unique (t, digest)
);

-- The version that a bare name means in new versions of routes: the one that was declared last.
create table model (
  t text not null,
  name text not null,
  digest text not null,
  primary key (t, name),
  foreign key (t, name, digest) references model_version (t, model, digest)
);

create table route_version (
  t text not null,
  route text not null,
  digest text not null,
  policy jsonb not null,
  created timestamptz not null default clock_timestamp(),
  primary key (t, route, digest)
);

-- Which version answers. `declared` is the configuration's last word: it counts when it changes, so that a restart undoes no promotion.
create table route (
  t text not null,
  name text not null,
  digest text not null,
  declared text,
  primary key (t, name),
  foreign key (t, name, digest) references route_version (t, route, digest)
);

-- What a version would have done to recorded calls; computed before it is promoted, and kept with that.
create table route_plan (
  t text not null,
  id text not null,
  route text not null,
  digest text not null,
  base text,
  body jsonb not null,
  created timestamptz not null default clock_timestamp(),
  primary key (t, id),
  foreign key (t, route, digest) references route_version (t, route, digest)
);

-- Each change of which version answers, by its number within the route.
create table route_revision (
  t text not null,
  route text not null,
  ordinal int not null,
  digest text not null,
  previous text,
  how text not null check (how in ('declared', 'promoted', 'rolled-back')),
  actor text,
  plan text,
  at timestamptz not null default clock_timestamp(),
  primary key (t, route, ordinal),
  foreign key (t, route, digest) references route_version (t, route, digest),
  foreign key (t, plan) references route_plan (t, id)
);

-- Counts the changes of a tenant's routes: a process that holds them in memory sees by it that they are old. Its row is also the lock under
-- which they change, one after the other.
create table route_registry (
  t text primary key,
  revision bigint not null default 0
);

-- What routing followed from, one row a call: facts, never words. What was asked and what it cost, for replays of a proposal; `outcome`: the call's
-- lineage, as it ended. Monthly, as runs are.
create table model_call (
  t text not null,
  month int not null check (month = id_month(id)),
  route text not null,
  id text not null,
  version text not null,
  body jsonb not null,
  outcome jsonb not null default '{}',
  primary key (t, month, route, id)
) partition by list (month);
create index model_call_id on model_call (t, id);
create table model_call_default partition of model_call default;

-- Makes the monthly partitions from the given month on. Runs as the owner: the application may call it, but creates nothing itself.
create or replace function ensure_month_partitions(first_day date, months int) returns void language plpgsql security definer set search_path = public as $$
declare m date; n int; parent text; is_late boolean;
begin
  if months not between 1 and 24 then raise exception 'months must be 1 to 24'; end if;
  for i in 0 .. months - 1 loop
    m := date_trunc('month', first_day)::date + make_interval(months => i);
    n := extract(year from m) * 100 + extract(month from m);
    foreach parent in array array['run_log', 'model_call'] loop
      -- A server that ran into a month without one has filled the default: the month stays there, whole, and is found there.
      execute format('select exists (select from %I where month = %s)', parent || '_default', n) into is_late;
      continue when is_late;
      execute format('create table if not exists %I partition of %I for values in (%s)', parent || '_' || n, parent, n);
      execute format('grant select, insert on %I to millrace_app', parent || '_' || n);
    end loop;
  end loop;
end $$;

grant select, insert on model_version, route_version, route_plan, route_revision, model_call, model_call_default to millrace_app;
grant select, insert, update on model, route, route_registry to millrace_app;
