-- What a key for models may do: for ever, since what was allowed then must be told later; another need is another key. A key without a row
-- here is one for the API. Absent limits do not limit.
create table model_grant (
  t text not null,
  key text not null,
  -- Null: every route.
  routes text[] check (cardinality(routes) > 0),
  budgets text[] not null,
  data_class text not null check (data_class in ('public', 'internal', 'personal', 'special')),
  requests int check (requests > 0),
  tokens bigint check (tokens > 0),
  at_once int check (at_once > 0),
  primary key (t, key),
  foreign key (t, key) references api_key (t, id)
);

-- What each process has let through of a key's limits in the last minute: told every second, so that several processes keep one limit. Lost in
-- a crash, and then a minute later it would have been nothing anyway.
create unlogged table key_use (
  t text not null,
  key text not null,
  process text not null,
  requests bigint not null,
  tokens bigint not null,
  at_once int not null,
  told timestamptz not null default clock_timestamp(),
  primary key (t, key, process)
);

-- What the settings said last of a budget: they count when they change, so that a restart undoes nothing that a person has set since.
alter table budget add column declared text;

grant select, insert on model_grant to millrace_app;
grant select, insert, update, delete on key_use to millrace_app;
grant update (declared) on budget to millrace_app;
