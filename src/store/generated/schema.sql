-- Generated from the catalogs by `npm run schema`. Read it; never run it.

create table api_key (
  t text not null,
  id text not null,
  person text not null,
  name text not null,
  secret_hash bytea not null,
  created timestamp with time zone not null default clock_timestamp(),
  expires timestamp with time zone,
  revoked timestamp with time zone,
  last_used timestamp with time zone,
  constraint api_key_secret_hash_key UNIQUE (secret_hash),
  constraint api_key_pkey PRIMARY KEY (t, id),
  constraint api_key_t_person_fkey FOREIGN KEY (t, person) REFERENCES person(t, id)
);

create table artefact (
  t text not null,
  kind text not null,
  name text not null,
  digest text not null,
  created timestamp with time zone not null default clock_timestamp(),
  constraint artefact_pkey PRIMARY KEY (t, kind, name, digest)
);

create table audit_log (
  t text not null,
  month integer not null,
  id text not null,
  actor text,
  action text not null,
  object text not null,
  at timestamp with time zone not null default clock_timestamp(),
  body bytea,
  key_id text,
  leaf bytea not null,
  leaf_hash bytea not null,
  constraint audit_log_pkey PRIMARY KEY (t, month, id),
  constraint audit_log_check CHECK ((month = id_month(id)))
);

create table chunk (
  t text not null,
  collection text not null,
  document text not null,
  version text not null,
  ordinal integer not null,
  text text not null,
  search tsvector generated always as (to_tsvector('english'::regconfig, text)) stored,
  encoder text not null,
  chunking text not null,
  vector bytea not null,
  current boolean not null default true,
  constraint chunk_pkey PRIMARY KEY (t, collection, encoder, chunking, document, version, ordinal),
  constraint chunk_t_collection_document_version_fkey FOREIGN KEY (t, collection, document, version) REFERENCES document(t, collection, id, version)
);
CREATE INDEX chunk_current ON public.chunk USING btree (t, collection, encoder, chunking, document, ordinal) WHERE current;
CREATE INDEX chunk_search ON public.chunk USING gin (search) WHERE current;

create table dead_letter (
  t text not null,
  id text not null,
  source text not null,
  event text not null,
  run text not null,
  code text not null,
  message text not null,
  attempts integer not null,
  created timestamp with time zone not null default clock_timestamp(),
  replayed timestamp with time zone,
  constraint dead_letter_pkey PRIMARY KEY (t, id)
);
CREATE INDEX dead_letter_open ON public.dead_letter USING btree (t, created DESC, id) WHERE (replayed IS NULL);

create table decision (
  t text not null,
  item text not null,
  ordinal integer not null,
  person text not null,
  at timestamp with time zone not null default clock_timestamp(),
  claim_no integer not null,
  verdict text not null,
  shown_digest text not null,
  action_digest text,
  active_ms integer,
  reason text,
  key_id text not null,
  body bytea not null,
  constraint decision_t_item_person_key UNIQUE (t, item, person),
  constraint decision_pkey PRIMARY KEY (t, item, ordinal),
  constraint decision_t_item_fkey FOREIGN KEY (t, item) REFERENCES work_item(t, id),
  constraint decision_verdict_check CHECK ((verdict = ANY (ARRAY['approve'::text, 'reject'::text, 'answer'::text])))
);

create table document (
  t text not null,
  collection text not null,
  id text not null,
  version text not null,
  subject text,
  source text not null,
  body jsonb not null,
  created timestamp with time zone not null default clock_timestamp(),
  constraint document_pkey PRIMARY KEY (t, collection, id, version)
);

create table effect (
  t text not null,
  run text not null,
  seq integer not null,
  action_digest text not null,
  token text not null,
  arguments_digest text not null,
  state text not null default 'intended'::text,
  constraint effect_pkey PRIMARY KEY (t, run, seq),
  constraint effect_state_check CHECK ((state = ANY (ARRAY['intended'::text, 'done'::text, 'failed'::text, 'unknown'::text, 'undone'::text])))
);
CREATE INDEX effect_token ON public.effect USING btree (t, token);

create table effects_hold (
  one boolean not null default true,
  id text not null,
  since timestamp with time zone not null default clock_timestamp(),
  backup_made timestamp with time zone not null,
  constraint effects_hold_pkey PRIMARY KEY (one),
  constraint effects_hold_one_check CHECK (one)
);

create table factor (
  t text not null,
  id text not null,
  kind text not null,
  digest text not null,
  name text not null,
  created timestamp with time zone not null default clock_timestamp(),
  constraint factor_t_kind_digest_key UNIQUE (t, kind, digest),
  constraint factor_pkey PRIMARY KEY (t, id)
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
  accepted timestamp with time zone not null default clock_timestamp(),
  state text not null default 'pending'::text,
  attempts integer not null default 0,
  next_attempt timestamp with time zone,
  settled timestamp with time zone,
  constraint inbox_t_run_key UNIQUE (t, run),
  constraint inbox_pkey PRIMARY KEY (t, source, id),
  constraint inbox_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'started'::text, 'ignored'::text, 'dead'::text])))
);
CREATE INDEX inbox_pending ON public.inbox USING btree (t, pipeline, priority, accepted, source, id) WHERE (state = 'pending'::text);

create table knowledge_index (
  t text not null,
  collection text not null,
  encoder text not null,
  chunking text not null,
  revision integer not null default 0,
  constraint knowledge_index_pkey PRIMARY KEY (t, collection, encoder, chunking)
);

create table ledger_pending (
  t text not null,
  run text not null,
  seq integer not null,
  leaf_hash bytea not null,
  constraint ledger_pending_pkey PRIMARY KEY (t, run, seq)
);

create table master_key_check (
  one boolean not null default true,
  sealed bytea not null,
  constraint master_key_check_pkey PRIMARY KEY (one),
  constraint master_key_check_one_check CHECK (one)
);

create table migration (
  id integer not null,
  name text not null,
  digest text not null,
  applied timestamp with time zone not null default clock_timestamp(),
  constraint migration_pkey PRIMARY KEY (id)
);

create table payload (
  t text not null,
  month integer not null,
  id text not null,
  key_id text not null,
  class text not null,
  body bytea not null,
  bytes integer not null,
  constraint payload_pkey PRIMARY KEY (t, month, id),
  constraint payload_check CHECK ((month = id_month(id)))
);

create table person (
  t text not null,
  id text not null,
  name text not null,
  email text,
  created timestamp with time zone not null default clock_timestamp(),
  constraint person_pkey PRIMARY KEY (t, id)
);

create table pipeline_switch (
  t text not null,
  pipeline text not null,
  paused boolean not null,
  changed timestamp with time zone not null default clock_timestamp(),
  constraint pipeline_switch_pkey PRIMARY KEY (t, pipeline)
);

create table process (
  id text not null,
  beat timestamp with time zone not null default clock_timestamp(),
  constraint process_pkey PRIMARY KEY (id)
);

create table reply (
  t text not null,
  token text not null,
  state text not null default 'begun'::text,
  handed_over timestamp with time zone,
  constraint reply_pkey PRIMARY KEY (t, token),
  constraint reply_state_check CHECK ((state = ANY (ARRAY['begun'::text, 'handed-over'::text, 'sent'::text, 'in-doubt'::text])))
);

create table reply_count (
  t text not null,
  day date not null,
  address_hash bytea not null,
  count integer not null,
  constraint reply_count_pkey PRIMARY KEY (t, day, address_hash)
);

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
  state text not null default 'open'::text,
  cancel boolean not null default false,
  bell integer not null default 0,
  why text,
  why_message text,
  started timestamp with time zone not null default clock_timestamp(),
  ended timestamp with time zone,
  constraint run_pkey PRIMARY KEY (t, id),
  constraint run_state_check CHECK ((state = ANY (ARRAY['open'::text, 'paused'::text, 'succeeded'::text, 'failed'::text, 'cancelled'::text, 'killed'::text])))
);
CREATE UNIQUE INDEX run_id ON public.run USING btree (id) INCLUDE (t);
CREATE INDEX run_parent ON public.run USING btree (t, parent) WHERE (parent IS NOT NULL);
CREATE INDEX run_pipeline ON public.run USING btree (t, pipeline, id);
CREATE INDEX run_pipeline_state ON public.run USING btree (t, pipeline, state, id);
CREATE INDEX run_state ON public.run USING btree (t, state, id);

create table run_factor (
  t text not null,
  factor text not null,
  run text not null,
  first_seq integer not null,
  has_effect boolean not null default false,
  constraint run_factor_pkey PRIMARY KEY (t, factor, run)
);
CREATE INDEX run_factor_of ON public.run_factor USING btree (t, run, factor);

create table run_hold (
  t text not null,
  run text not null,
  since timestamp with time zone not null default clock_timestamp(),
  released timestamp with time zone,
  released_by text,
  constraint run_hold_pkey PRIMARY KEY (t, run),
  constraint run_hold_check CHECK (((released IS NULL) = (released_by IS NULL)))
);
CREATE INDEX run_hold_standing ON public.run_hold USING btree (t, run) WHERE (released IS NULL);

create table run_log (
  t text not null,
  month integer not null,
  run text not null,
  seq integer not null,
  key text not null,
  kind text not null,
  phase text not null,
  outcome text not null,
  writer text not null,
  at timestamp with time zone not null,
  due timestamp with time zone,
  body bytea,
  payload text,
  leaf bytea not null,
  leaf_hash bytea not null,
  confidence real,
  cost bigint,
  ms integer,
  constraint run_log_pkey PRIMARY KEY (t, month, run, seq),
  constraint run_log_check CHECK ((month = id_month(run))),
  constraint run_log_seq_check CHECK ((seq >= 0))
) partition by LIST (month);

create table subject (
  t text not null,
  id text not null,
  created timestamp with time zone not null default clock_timestamp(),
  constraint subject_pkey PRIMARY KEY (t, id)
);

create table subject_alias (
  t text not null,
  hash bytea not null,
  subject text not null,
  constraint subject_alias_pkey PRIMARY KEY (t, hash),
  constraint subject_alias_t_subject_fkey FOREIGN KEY (t, subject) REFERENCES subject(t, id)
);

create table subject_key (
  t text not null,
  id text not null,
  subject text,
  retention_class text not null default 'standard'::text,
  epoch integer not null default 1,
  wrapped bytea,
  created timestamp with time zone not null default clock_timestamp(),
  destroyed timestamp with time zone,
  constraint subject_key_pkey PRIMARY KEY (t, id)
);
CREATE UNIQUE INDEX subject_key_current ON public.subject_key USING btree (t, subject, retention_class, epoch) WHERE ((subject IS NOT NULL) AND (retention_class <> 'event'::text));
CREATE INDEX subject_key_of ON public.subject_key USING btree (t, subject) WHERE (subject IS NOT NULL);

create table wake (
  t text not null,
  run text not null,
  heard_by timestamp with time zone not null default (clock_timestamp() + '00:00:02'::interval),
  is_parked boolean not null default false,
  bell_seen integer not null default 0,
  claimed_by text,
  claimed_rows integer not null default 0,
  claims integer not null default 0,
  constraint wake_pkey PRIMARY KEY (t, run)
);
CREATE INDEX wake_heard_by ON public.wake USING btree (heard_by);
CREATE UNIQUE INDEX wake_run ON public.wake USING btree (run);

create table work_item (
  t text not null,
  id text not null,
  kind text not null,
  run text not null,
  step_key text not null,
  queue text not null,
  priority smallint not null default 2,
  created timestamp with time zone not null default clock_timestamp(),
  due timestamp with time zone,
  expires timestamp with time zone,
  escalated timestamp with time zone,
  escalations integer not null default 0,
  state text not null default 'open'::text,
  closed_why text,
  claim_no integer not null default 0,
  holder text,
  lease_until timestamp with time zone,
  shown_digest text not null,
  action_digest text,
  quorum integer not null default 1,
  author text,
  form text not null,
  action text,
  why text[] not null default '{}'::text[],
  head bytea not null,
  key_id text not null,
  body bytea not null,
  settled timestamp with time zone,
  constraint work_item_t_run_step_key_key UNIQUE (t, run, step_key),
  constraint work_item_pkey PRIMARY KEY (t, id),
  constraint work_item_closed_why_check CHECK ((closed_why = ANY (ARRAY['timeout'::text, 'cancelled'::text, 'dropped'::text]))),
  constraint work_item_kind_check CHECK ((kind = ANY (ARRAY['approve'::text, 'answer'::text, 'task'::text]))),
  constraint work_item_state_check CHECK ((state = ANY (ARRAY['open'::text, 'decided'::text, 'closed'::text])))
);
CREATE INDEX work_item_due ON public.work_item USING btree (due) WHERE ((state = 'open'::text) AND (escalated IS NULL) AND (due IS NOT NULL));
CREATE INDEX work_item_order ON public.work_item USING btree (t, priority, COALESCE(due, 'infinity'::timestamp with time zone), id) WHERE (state = 'open'::text);
CREATE INDEX work_item_queue ON public.work_item USING btree (t, queue, priority, COALESCE(due, 'infinity'::timestamp with time zone), id) WHERE (state = 'open'::text);
CREATE INDEX work_item_settled ON public.work_item USING btree (t, state, id) WHERE (state <> 'open'::text);

CREATE OR REPLACE FUNCTION public.ensure_month_partitions(first_day date, months integer)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
declare m date; n int;
begin
  if months not between 1 and 24 then raise exception 'months must be 1 to 24'; end if;
  for i in 0 .. months - 1 loop
    m := date_trunc('month', first_day)::date + make_interval(months => i);
    n := extract(year from m) * 100 + extract(month from m);
    execute format('create table if not exists run_log_%s partition of run_log for values in (%s)', n, n);
    execute format('grant select, insert on run_log_%s to millrace_app', n);
  end loop;
end $function$;

CREATE OR REPLACE FUNCTION public.id_month(id text)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
  select (
    date_part('year', to_timestamp(('x0000' || substr(id, strpos(id, '_') + 1, 12))::bit(64)::bigint / 1000e0) at time zone 'UTC') * 100 +
    date_part('month', to_timestamp(('x0000' || substr(id, strpos(id, '_') + 1, 12))::bit(64)::bigint / 1000e0) at time zone 'UTC'))::int
$function$;

CREATE OR REPLACE FUNCTION public.refuse_other_arguments()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if exists (select 1 from effect e where e.t = new.t and e.token = new.token and e.arguments_digest <> new.arguments_digest) then
    raise exception 'the token was used with other arguments' using errcode = 'MR001';
  end if;
  return new;
end $function$;

grant insert, select, update on api_key to millrace_app;
grant insert, select on artefact to millrace_app;
grant insert, select on audit_log to millrace_app;
grant insert, select, update on chunk to millrace_app;
grant insert, select, update on dead_letter to millrace_app;
grant insert, select on decision to millrace_app;
grant insert, select on document to millrace_app;
grant insert, select, update on effect to millrace_app;
grant delete, select on effects_hold to millrace_app;
grant insert, select on factor to millrace_app;
grant insert, select, update on inbox to millrace_app;
grant insert, select, update on knowledge_index to millrace_app;
grant insert, select on ledger_pending to millrace_app;
grant insert, select on master_key_check to millrace_app;
grant insert, select on payload to millrace_app;
grant insert, select, update on person to millrace_app;
grant insert, select, update on pipeline_switch to millrace_app;
grant delete, insert, select, update on process to millrace_app;
grant insert, select, update on reply to millrace_app;
grant delete, insert, select, update on reply_count to millrace_app;
grant insert, select, update on run to millrace_app;
grant insert, select, update on run_factor to millrace_app;
grant insert, select on run_hold to millrace_app;
grant insert, select on run_log to millrace_app;
grant insert, select on subject to millrace_app;
grant insert, select on subject_alias to millrace_app;
grant insert, select, update on subject_key to millrace_app;
grant delete, insert, select, update on wake to millrace_app;
grant insert, select, update on work_item to millrace_app;
grant update (released, released_by) on run_hold to millrace_app;
