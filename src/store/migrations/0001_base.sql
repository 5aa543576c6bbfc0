-- Every key begins with the tenant `t`. Ids are `prefix_` and a UUIDv7 in hex, compared byte by byte (the database's locale is C.UTF-8).
-- Tables of records (run_log, audit_log, decision, ledger_pending) may be read and inserted into by the application's role, never changed (L10).

-- The embedded start makes the role, and its owner may not: so it is looked for first. Elsewhere two migrations may make it at once.
do $$ begin
  if not exists (select 1 from pg_roles where rolname = 'millrace_app') then create role millrace_app nologin; end if;
exception when duplicate_object or unique_violation then null;
end $$;
-- Whoever migrates a database of their own also connects as this role (DATABASE_URL alone). Since Postgres 16 the maker of a role may not take it on without this.
do $$ begin
  if not pg_has_role(current_user, 'millrace_app', 'set') then execute format('grant millrace_app to %I with inherit false, set true', current_user); end if;
exception when insufficient_privilege or internal_error then null; -- the latter: another database's migration grants it at this moment
end $$;
grant usage on schema public to millrace_app;

-- The month of an id, year * 100 + month in UTC: the partition follows from the id, so that uniqueness survives partitions (E23).
-- One expression without FROM, which Postgres writes into the statement: called as a function, it was parsed in each and started for each row.
create function id_month(id text) returns int language sql immutable strict parallel safe as $$
  select (
    date_part('year', to_timestamp(('x0000' || substr(id, strpos(id, '_') + 1, 12))::bit(64)::bigint / 1000e0) at time zone 'UTC') * 100 +
    date_part('month', to_timestamp(('x0000' || substr(id, strpos(id, '_') + 1, 12))::bit(64)::bigint / 1000e0) at time zone 'UTC'))::int
$$;

-- ---------------------------------------------------------------- people and subjects

create table person (
  t text not null,
  id text not null,
  name text not null,
  email text,
  created timestamptz not null default clock_timestamp(),
  primary key (t, id)
);

create table api_key (
  t text not null,
  id text not null,
  person text not null,
  name text not null,
  secret_hash bytea not null,
  created timestamptz not null default clock_timestamp(),
  expires timestamptz,
  revoked timestamptz,
  last_used timestamptz,
  primary key (t, id),
  unique (secret_hash),
  foreign key (t, person) references person (t, id)
);

-- A data subject under a random id; the outside's id only as a keyed hash.
create table subject (
  t text not null,
  id text not null,
  created timestamptz not null default clock_timestamp(),
  primary key (t, id)
);

create table subject_alias (
  t text not null,
  hash bytea not null,
  subject text not null,
  primary key (t, hash),
  foreign key (t, subject) references subject (t, id)
);

-- Envelope keys: `wrapped` is the data key under the master key. Subject is null while an event's person is not known yet.
create table subject_key (
  t text not null,
  id text not null,
  subject text,
  retention_class text not null default 'standard',
  epoch int not null default 1,
  wrapped bytea,
  created timestamptz not null default clock_timestamp(),
  destroyed timestamptz,
  primary key (t, id)
);
create unique index subject_key_current on subject_key (t, subject, retention_class, epoch) where subject is not null and retention_class <> 'event';
create index subject_key_of on subject_key (t, subject) where subject is not null;

-- The check value of the master key: a start with another key is refused, never answered with a new one.
create table master_key_check (
  one boolean primary key default true check (one),
  sealed bytea not null
);

-- ---------------------------------------------------------------- what came from outside

create table payload (
  t text not null,
  month int not null check (month = id_month(id)),
  id text not null,
  key_id text not null,
  class text not null,
  body bytea not null,
  bytes int not null,
  primary key (t, month, id)
);

create table inbox (
  t text not null,
  source text not null,
  id text not null,
  run text not null,
  pipeline text not null,
  type text not null,
  priority smallint not null default 2,
  payload text not null,
  principal text,
  accepted timestamptz not null default clock_timestamp(),
  state text not null default 'pending' check (state in ('pending', 'started', 'ignored', 'dead')),
  attempts int not null default 0,
  next_attempt timestamptz,
  settled timestamptz,
  primary key (t, source, id),
  unique (t, run)
);
create index inbox_pending on inbox (t, pipeline, priority, accepted, source, id) where state = 'pending';

-- A run that was accepted with hold: it decides everything, and changes nothing outside until a person releases it. An effects hold is another
-- thing: while one stands nothing runs at all. Rows of released and of ended runs stay: they say who let it go.
create table run_hold (
  t text not null,
  run text not null,
  since timestamptz not null default clock_timestamp(),
  released timestamptz,
  released_by text,
  primary key (t, run),
  check ((released is null) = (released_by is null))
);
create index run_hold_standing on run_hold (t, run) where released is null;

create table dead_letter (
  t text not null,
  id text not null,
  source text not null,
  event text not null,
  run text not null,
  code text not null,
  message text not null,
  attempts int not null,
  created timestamptz not null default clock_timestamp(),
  replayed timestamptz,
  primary key (t, id)
);
create index dead_letter_open on dead_letter (t, created desc, id) where replayed is null;

-- What operators have switched. A paused pipeline starts no runs: its events wait in the inbox, and nothing of them is lost.
create table pipeline_switch (
  t text not null,
  pipeline text not null,
  paused boolean not null,
  changed timestamptz not null default clock_timestamp(),
  primary key (t, pipeline)
);

-- While a row stands here nothing runs by itself: no run starts or goes on, nothing is escalated. A restore sets it, since effects of the lost
-- time may have happened; an operator removes it.
create table effects_hold (
  one boolean primary key default true check (one),
  id text not null,
  since timestamptz not null default clock_timestamp(),
  -- When the backup was made that was restored.
  backup_made timestamptz not null
);

-- ---------------------------------------------------------------- runs

create table run (
  t text not null,
  id text not null,
  root text not null,
  parent text,
  parent_key text,
  pipeline text not null,
  digest text not null,
  entity_type text,
  entity_id text,
  subject text,
  key_id text,
  principal text,
  priority smallint not null default 2,
  input bytea,
  input_payload text,
  state text not null default 'open' check (state in ('open', 'paused', 'succeeded', 'failed', 'cancelled', 'killed')),
  cancel boolean not null default false,
  bell int not null default 0,
  -- Why a run is paused or failed: a code of the error dictionary, and its words where they name steps, never content.
  why text,
  why_message text,
  started timestamptz not null default clock_timestamp(),
  ended timestamptz,
  primary key (t, id)
);
-- An id is unique over tenants, so that the scheduler needs the id alone.
create unique index run_id on run (id) include (t);
-- Lists are read in the order of the ids, the newest first: all of them by the primary key, those of a pipeline, of a state, of both by these.
-- No list sorts or walks past what it does not show, but for telling running from waiting among the open ones.
create index run_pipeline on run (t, pipeline, id);
create index run_state on run (t, state, id);
create index run_pipeline_state on run (t, pipeline, state, id);
create index run_parent on run (t, parent) where parent is not null;

-- E22: "wake me if nothing happened by then", one narrow row for each open run. Counters stay out of `run`, whose updates are HOT then.
create table wake (
  t text not null,
  run text not null,
  heard_by timestamptz not null default clock_timestamp() + interval '2 s',
  -- The run waits and holds nothing: it is not among the active ones that admission counts.
  is_parked boolean not null default false,
  bell_seen int not null default 0,
  claimed_by text,
  claimed_rows int not null default 0,
  claims int not null default 0,
  primary key (t, run)
) with (fillfactor = 70);
create unique index wake_run on wake (run);
create index wake_heard_by on wake (heard_by);

create table process (
  id text primary key,
  beat timestamptz not null default clock_timestamp()
);

-- The one journal (L2, E16): the position is the fence. `body` is encrypted; `leaf` are the canonical bytes that are hashed (L9);
-- the other columns are projections of them.
create table run_log (
  t text not null,
  month int not null,
  run text not null,
  seq int not null check (seq >= 0),
  key text not null,
  kind text not null,
  phase text not null,
  outcome text not null,
  writer text not null,
  at timestamptz not null,
  due timestamptz,
  body bytea,
  payload text,
  leaf bytea not null,
  leaf_hash bytea not null,
  confidence real,
  cost bigint,
  ms int,
  check (month = id_month(run)),
  primary key (t, month, run, seq)
) partition by list (month);
create table run_log_default partition of run_log default;

create table ledger_pending (
  t text not null,
  run text not null,
  seq int not null,
  leaf_hash bytea not null,
  primary key (t, run, seq)
);

-- What a person or a deploy changed: records of the same shape, in one log a tenant and month.
create table audit_log (
  t text not null,
  month int not null check (month = id_month(id)),
  id text not null,
  actor text,
  action text not null,
  object text not null,
  at timestamptz not null default clock_timestamp(),
  body bytea,
  key_id text,
  leaf bytea not null,
  leaf_hash bytea not null,
  primary key (t, month, id)
);

-- ---------------------------------------------------------------- lineage

create table factor (
  t text not null,
  id text not null,
  kind text not null,
  digest text not null,
  name text not null,
  created timestamptz not null default clock_timestamp(),
  primary key (t, id),
  unique (t, kind, digest)
);

create table run_factor (
  t text not null,
  factor text not null,
  run text not null,
  first_seq int not null,
  has_effect boolean not null default false,
  primary key (t, factor, run)
);
create index run_factor_of on run_factor (t, run, factor);

create table effect (
  t text not null,
  run text not null,
  seq int not null,
  action_digest text not null,
  token text not null,
  arguments_digest text not null,
  state text not null default 'intended' check (state in ('intended', 'done', 'failed', 'unknown', 'undone')),
  primary key (t, run, seq)
);
create index effect_token on effect (t, token);

-- Other arguments under the same token are refused (E2): the run that asks is paused. `arguments_digest` is an HMAC under the run's data key.
create function refuse_other_arguments() returns trigger language plpgsql as $$
begin
  if exists (select 1 from effect e where e.t = new.t and e.token = new.token and e.arguments_digest <> new.arguments_digest) then
    raise exception 'the token was used with other arguments' using errcode = 'MR001';
  end if;
  return new;
end $$;
create trigger effect_arguments before insert on effect for each row execute function refuse_other_arguments();

create table artefact (
  t text not null,
  kind text not null,
  name text not null,
  digest text not null,
  created timestamptz not null default clock_timestamp(),
  primary key (t, kind, name, digest)
);

-- ---------------------------------------------------------------- work items: reviews for people, tasks for agents

create table work_item (
  t text not null,
  id text not null,
  kind text not null check (kind in ('approve', 'answer', 'task')),
  run text not null,
  step_key text not null,
  queue text not null,
  priority smallint not null default 2,
  created timestamptz not null default clock_timestamp(),
  due timestamptz,
  expires timestamptz,
  escalated timestamptz,
  escalations int not null default 0,
  state text not null default 'open' check (state in ('open', 'decided', 'closed')),
  closed_why text check (closed_why in ('timeout', 'cancelled', 'dropped')),
  claim_no int not null default 0,
  holder text,
  lease_until timestamptz,
  -- The authority (W5, W6): SHA-256 of what was shown, and of exactly the arguments that may run.
  shown_digest text not null,
  action_digest text,
  quorum int not null default 1,
  author text,
  -- What lists show without loading bodies: names and codes of the pipeline's author, and the first line, encrypted.
  form text not null,
  action text,
  why text[] not null default '{}',
  head bytea not null,
  key_id text not null,
  body bytea not null,
  settled timestamptz,
  primary key (t, id),
  unique (t, run, step_key)
);
-- Lists and "next" read in this order; without a due time comes last, so that a cursor can stand on it.
create index work_item_queue on work_item (t, queue, priority, (coalesce(due, 'infinity')), id) where state = 'open';
create index work_item_order on work_item (t, priority, (coalesce(due, 'infinity')), id) where state = 'open';
create index work_item_settled on work_item (t, state, id) where state <> 'open';
create index work_item_due on work_item (due) where state = 'open' and escalated is null and due is not null;

create table decision (
  t text not null,
  item text not null,
  ordinal int not null,
  person text not null,
  at timestamptz not null default clock_timestamp(),
  claim_no int not null,
  verdict text not null check (verdict in ('approve', 'reject', 'answer')),
  shown_digest text not null,
  -- The arguments that were approved: the item's own, or those of an edit.
  action_digest text,
  active_ms int,
  reason text,
  key_id text not null,
  body bytea not null,
  primary key (t, item, ordinal),
  unique (t, item, person),
  foreign key (t, item) references work_item (t, id)
);

-- ---------------------------------------------------------------- replies

-- A reply by its token. A mail server knows no tokens: what was handed over, and not answered, is never handed over again.
create table reply (
  t text not null,
  token text not null,
  state text not null default 'begun' check (state in ('begun', 'handed-over', 'sent', 'in-doubt')),
  handed_over timestamptz,
  primary key (t, token)
);

-- How many replies an address had on a day (UTC). The address only as a keyed hash; older days are swept.
create table reply_count (
  t text not null,
  day date not null,
  address_hash bytea not null,
  count int not null,
  primary key (t, day, address_hash)
);

-- ---------------------------------------------------------------- knowledge

create table document (
  t text not null,
  collection text not null,
  id text not null,
  version text not null,
  subject text,
  source text not null,
  body jsonb not null,
  created timestamptz not null default clock_timestamp(),
  primary key (t, collection, id, version)
);

-- A version's chunks under one encoder and one way of cutting. Vectors under others are never compared with them.
create table chunk (
  t text not null,
  collection text not null,
  document text not null,
  version text not null,
  ordinal int not null,
  text text not null,
  search tsvector generated always as (to_tsvector('english'::regconfig, text)) stored,
  encoder text not null,
  chunking text not null,
  vector bytea not null,
  current boolean not null default true,
  primary key (t, collection, encoder, chunking, document, version, ordinal),
  foreign key (t, collection, document, version) references document (t, collection, id, version)
);
create index chunk_search on chunk using gin (search) where current;
create index chunk_current on chunk (t, collection, encoder, chunking, document, ordinal) where current;

-- Counts the changes of what is current: a process that holds an index in memory sees by it that the index is old.
create table knowledge_index (
  t text not null,
  collection text not null,
  encoder text not null,
  chunking text not null,
  revision int not null default 0,
  primary key (t, collection, encoder, chunking)
);

-- ---------------------------------------------------------------- partitions and rights

-- Makes the monthly partitions from the given month on. Runs as the owner: the application may call it, but creates nothing itself.
create function ensure_month_partitions(first_day date, months int) returns void language plpgsql security definer set search_path = public as $$
declare m date; n int;
begin
  if months not between 1 and 24 then raise exception 'months must be 1 to 24'; end if;
  for i in 0 .. months - 1 loop
    m := date_trunc('month', first_day)::date + make_interval(months => i);
    n := extract(year from m) * 100 + extract(month from m);
    execute format('create table if not exists run_log_%s partition of run_log for values in (%s)', n, n);
    execute format('grant select, insert on run_log_%s to millrace_app', n);
  end loop;
end $$;
revoke all on function ensure_month_partitions(date, int) from public;
grant execute on function ensure_month_partitions(date, int) to millrace_app;

grant select, insert on run_log, run_log_default, audit_log, decision, ledger_pending to millrace_app;
grant select, insert on factor, artefact, document, payload, subject, subject_alias to millrace_app;
grant select, insert, update on
  person, api_key, subject_key, inbox, dead_letter, pipeline_switch, run, process, effect, work_item, chunk, knowledge_index, run_factor to millrace_app;
grant select, insert, update (released, released_by) on run_hold to millrace_app;
grant select, insert, update on reply to millrace_app;
grant select, insert, update, delete on wake, reply_count to millrace_app;
grant delete on process to millrace_app;
grant select, insert on master_key_check to millrace_app;
grant select, delete on effects_hold to millrace_app;
