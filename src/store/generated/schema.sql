-- Generated from the catalogs by `npm run schema`. Read it; never run it.

create table answer_cache (
  t text not null,
  route text not null,
  key bytea not null,
  call text not null,
  version text not null,
  model text not null,
  subject text,
  key_id text,
  scope bytea,
  ordinal bigint not null default nextval('answer_cache_ordinal'::regclass),
  asked text,
  vector bytea,
  sources text[] not null default '{}'::text[],
  status smallint not null,
  type text not null,
  dropped text,
  nano numeric(38,0),
  currency text,
  body bytea not null,
  made timestamp with time zone not null default clock_timestamp(),
  exact_until timestamp with time zone,
  semantic_until timestamp with time zone,
  expires timestamp with time zone not null generated always as (GREATEST(exact_until, semantic_until)) stored,
  constraint answer_cache_pkey PRIMARY KEY (t, route, key),
  constraint answer_cache_check CHECK (((subject IS NULL) = (key_id IS NULL))),
  constraint answer_cache_check1 CHECK (((subject IS NULL) OR (scope IS NULL)))
);
CREATE INDEX answer_cache_call ON public.answer_cache USING btree (t, call);
CREATE INDEX answer_cache_expires ON public.answer_cache USING btree (expires);
CREATE INDEX answer_cache_newest ON public.answer_cache USING btree (ordinal);
CREATE INDEX answer_cache_scope ON public.answer_cache USING btree (t, scope, ordinal) WHERE (scope IS NOT NULL);
CREATE INDEX answer_cache_sources ON public.answer_cache USING gin (sources) WHERE (sources <> '{}'::text[]);
CREATE INDEX answer_cache_subject ON public.answer_cache USING btree (t, subject) WHERE (subject IS NOT NULL);

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

create table arm_answer (
  t text not null,
  call text not null,
  route text not null,
  at timestamp with time zone not null,
  route_version text not null,
  arm text not null,
  version text not null,
  run text not null,
  constraint arm_answer_pkey PRIMARY KEY (t, call)
);
CREATE INDEX arm_answer_route ON public.arm_answer USING btree (t, route, at);

create table arm_day (
  t text not null,
  route text not null,
  day date not null,
  route_version text not null,
  arm text not null,
  version text not null,
  currency text not null,
  process text not null,
  calls bigint not null,
  taken_over bigint not null,
  schema_failures bigint not null,
  errors jsonb not null,
  priced bigint not null,
  cost numeric not null,
  cost_squares numeric not null,
  bins integer[] not null,
  counts bigint[] not null,
  constraint arm_day_pkey PRIMARY KEY (t, route, day, route_version, arm, version, currency, process)
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

create table budget (
  t text not null,
  id text not null,
  parent text,
  currency text not null,
  cap bigint not null,
  period text not null,
  warn smallint,
  downgrade smallint,
  stop smallint not null default 100,
  declared text,
  constraint budget_pkey PRIMARY KEY (t, id),
  constraint budget_t_parent_fkey FOREIGN KEY (t, parent) REFERENCES budget(t, id) DEFERRABLE INITIALLY DEFERRED,
  constraint budget_cap_check CHECK ((cap >= 0)),
  constraint budget_downgrade_check CHECK (((downgrade >= 1) AND (downgrade <= 100))),
  constraint budget_period_check CHECK ((period = ANY (ARRAY['day'::text, 'week'::text, 'month'::text, 'all'::text]))),
  constraint budget_stop_check CHECK (((stop >= 1) AND (stop <= 100))),
  constraint budget_warn_check CHECK (((warn >= 1) AND (warn <= 100)))
);

create table budget_period (
  t text not null,
  budget text not null,
  period text not null,
  held bigint not null default 0,
  spent bigint not null default 0,
  constraint budget_period_pkey PRIMARY KEY (t, budget, period),
  constraint budget_period_t_budget_fkey FOREIGN KEY (t, budget) REFERENCES budget(t, id),
  constraint budget_period_held_check CHECK ((held >= 0))
);

create table cache_day (
  t text not null,
  route text not null,
  day date not null,
  measure text not null,
  amount numeric(38,0) not null,
  constraint cache_day_pkey PRIMARY KEY (t, route, day, measure)
);

create table call_latency (
  t text not null,
  at timestamp with time zone not null,
  grain text not null,
  route text not null,
  dialect text not null,
  model text not null,
  task text not null,
  kind text not null,
  process text not null,
  count bigint not null,
  total double precision not null,
  least double precision not null,
  most double precision not null,
  bins integer[] not null,
  counts bigint[] not null,
  constraint call_latency_pkey PRIMARY KEY (t, at, grain, route, dialect, model, task, kind, process),
  constraint call_latency_check CHECK ((cardinality(bins) = cardinality(counts))),
  constraint call_latency_grain_check CHECK ((grain = ANY (ARRAY['minute'::text, 'hour'::text]))),
  constraint call_latency_kind_check CHECK ((kind = ANY (ARRAY['total'::text, 'first-content'::text])))
);
CREATE INDEX call_latency_grain ON public.call_latency USING btree (grain, at);

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

create table cost_alert (
  t text not null,
  budget text not null,
  period text not null,
  kind text not null,
  reservation text not null default ''::text,
  amount bigint not null,
  at timestamp with time zone not null default clock_timestamp(),
  constraint cost_alert_pkey PRIMARY KEY (t, budget, period, kind, reservation),
  constraint cost_alert_kind_check CHECK ((kind = ANY (ARRAY['warn'::text, 'downgrade'::text, 'stop'::text, 'refused'::text, 'overdrawn'::text, 'excess'::text])))
);
CREATE INDEX cost_alert_newest ON public.cost_alert USING btree (t, at DESC);

create table cost_correction (
  t text not null,
  reservation text not null,
  key text not null,
  amount bigint not null,
  reason text not null,
  by text not null,
  at timestamp with time zone not null default clock_timestamp(),
  constraint cost_correction_pkey PRIMARY KEY (t, reservation, key),
  constraint cost_correction_t_reservation_fkey FOREIGN KEY (t, reservation) REFERENCES reservation(t, id)
);

create table cost_day (
  t text not null,
  dimension text not null,
  key text not null,
  currency text not null,
  day date not null,
  attempts bigint not null,
  assumed bigint not null,
  unknown bigint not null,
  cost bigint not null,
  input bigint not null,
  output bigint not null,
  constraint cost_day_pkey PRIMARY KEY (t, dimension, key, currency, day),
  constraint cost_day_dimension_check CHECK ((dimension = ANY (ARRAY['model'::text, 'task'::text, 'pipeline'::text, 'entity'::text])))
);
CREATE INDEX cost_day_of ON public.cost_day USING btree (t, dimension, day);

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
CREATE INDEX decision_at ON public.decision USING btree (t, at) INCLUDE (active_ms);

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

create table draft (
  t text not null,
  item text not null,
  person text not null,
  version integer not null,
  saved timestamp with time zone not null default clock_timestamp(),
  key_id text not null,
  body bytea not null,
  constraint draft_pkey PRIMARY KEY (t, item, person),
  constraint draft_t_item_fkey FOREIGN KEY (t, item) REFERENCES work_item(t, id)
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

create table embedding_cache (
  t text not null,
  encoder text not null,
  text bytea not null,
  subject text not null default ''::text,
  vector bytea not null,
  expires timestamp with time zone not null,
  constraint embedding_cache_pkey PRIMARY KEY (t, encoder, text, subject)
);
CREATE INDEX embedding_cache_expires ON public.embedding_cache USING btree (expires);
CREATE INDEX embedding_cache_subject ON public.embedding_cache USING btree (t, subject) WHERE (subject <> ''::text);

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

create table held_decision (
  t text not null,
  item text not null,
  no bigint not null,
  person text not null,
  claim_no integer not null,
  made timestamp with time zone not null default clock_timestamp(),
  effective_at timestamp with time zone not null,
  state text not null default 'held'::text,
  refused text,
  key_id text not null,
  body bytea not null,
  constraint held_decision_pkey PRIMARY KEY (t, item, no),
  constraint held_decision_t_item_fkey FOREIGN KEY (t, item) REFERENCES work_item(t, id),
  constraint held_decision_state_check CHECK ((state = ANY (ARRAY['held'::text, 'taken'::text, 'undone'::text, 'refused'::text, 'closed'::text])))
);
CREATE INDEX held_decision_due ON public.held_decision USING btree (effective_at) WHERE (state = 'held'::text);
CREATE UNIQUE INDEX held_decision_item ON public.held_decision USING btree (t, item) WHERE (state = 'held'::text);
CREATE INDEX held_decision_person ON public.held_decision USING btree (t, person, no) WHERE (state = 'held'::text);

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

create table key_use (
  t text not null,
  key text not null,
  process text not null,
  requests bigint not null,
  tokens bigint not null,
  at_once integer not null,
  told timestamp with time zone not null default clock_timestamp(),
  constraint key_use_pkey PRIMARY KEY (t, key, process)
);

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

create table model (
  t text not null,
  name text not null,
  digest text not null,
  constraint model_pkey PRIMARY KEY (t, name),
  constraint model_t_name_digest_fkey FOREIGN KEY (t, name, digest) REFERENCES model_version(t, model, digest)
);

create table model_call (
  t text not null,
  month integer not null,
  route text not null,
  id text not null,
  version text not null,
  body jsonb not null,
  outcome jsonb not null default '{}'::jsonb,
  constraint model_call_pkey PRIMARY KEY (t, month, route, id),
  constraint model_call_check CHECK ((month = id_month(id)))
) partition by LIST (month);
CREATE INDEX model_call_id ON ONLY public.model_call USING btree (t, id);

create table model_grant (
  t text not null,
  key text not null,
  routes text[],
  budgets text[] not null,
  data_class text not null,
  requests integer,
  tokens bigint,
  at_once integer,
  constraint model_grant_pkey PRIMARY KEY (t, key),
  constraint model_grant_t_key_fkey FOREIGN KEY (t, key) REFERENCES api_key(t, id),
  constraint model_grant_at_once_check CHECK ((at_once > 0)),
  constraint model_grant_data_class_check CHECK ((data_class = ANY (ARRAY['public'::text, 'internal'::text, 'personal'::text, 'special'::text]))),
  constraint model_grant_requests_check CHECK ((requests > 0)),
  constraint model_grant_routes_check CHECK ((cardinality(routes) > 0)),
  constraint model_grant_tokens_check CHECK ((tokens > 0))
);

create table model_version (
  t text not null,
  model text not null,
  digest text not null,
  content jsonb not null,
  created timestamp with time zone not null default clock_timestamp(),
  constraint model_version_t_digest_key UNIQUE (t, digest),
  constraint model_version_pkey PRIMARY KEY (t, model, digest)
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

create table person_code (
  t text not null,
  person text not null,
  code_hash bytea not null,
  expires timestamp with time zone not null,
  constraint person_code_code_hash_key UNIQUE (code_hash),
  constraint person_code_pkey PRIMARY KEY (t, person),
  constraint person_code_t_person_fkey FOREIGN KEY (t, person) REFERENCES person(t, id)
);

create table person_password (
  t text not null,
  person text not null,
  login text not null,
  hash text not null,
  changed timestamp with time zone not null default clock_timestamp(),
  constraint person_password_t_login_key UNIQUE (t, login),
  constraint person_password_pkey PRIMARY KEY (t, person),
  constraint person_password_t_person_fkey FOREIGN KEY (t, person) REFERENCES person(t, id)
);

create table person_role (
  t text not null,
  person text not null,
  role text not null,
  constraint person_role_pkey PRIMARY KEY (t, person, role),
  constraint person_role_t_person_fkey FOREIGN KEY (t, person) REFERENCES person(t, id),
  constraint person_role_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'deployer'::text, 'operator'::text, 'reviewer'::text, 'auditor'::text])))
);

create table person_session (
  t text not null,
  id text not null,
  person text not null,
  token_hash bytea not null,
  agent text not null,
  created timestamp with time zone not null default clock_timestamp(),
  last_used timestamp with time zone not null default clock_timestamp(),
  idle_until timestamp with time zone not null,
  expires timestamp with time zone not null,
  constraint person_session_token_hash_key UNIQUE (token_hash),
  constraint person_session_pkey PRIMARY KEY (t, id),
  constraint person_session_t_person_fkey FOREIGN KEY (t, person) REFERENCES person(t, id)
);
CREATE INDEX person_session_person ON public.person_session USING btree (t, person);

create table pipeline_switch (
  t text not null,
  pipeline text not null,
  paused boolean not null,
  changed timestamp with time zone not null default clock_timestamp(),
  constraint pipeline_switch_pkey PRIMARY KEY (t, pipeline)
);

create table price (
  t text not null,
  version text not null,
  provider text not null,
  model text not null,
  currency text not null,
  body jsonb not null,
  first_used timestamp with time zone not null default clock_timestamp(),
  constraint price_pkey PRIMARY KEY (t, version)
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

create table reservation (
  t text not null,
  id text not null,
  state text not null default 'held'::text,
  process text not null,
  at timestamp with time zone not null,
  ended timestamp with time zone,
  why text,
  price text,
  currency text,
  held bigint,
  actual bigint,
  budgets text[] not null,
  periods text[] not null,
  call text,
  kind text not null,
  provider text not null,
  model text not null,
  pipeline text,
  run text,
  step text,
  task text,
  entity_type text,
  entity_id text,
  tier text,
  input bigint,
  cache_read bigint,
  cache_write bigint,
  cache_write_long bigint,
  output bigint,
  reasoning bigint,
  constraint reservation_pkey PRIMARY KEY (t, id),
  constraint reservation_actual_check CHECK ((actual >= 0)),
  constraint reservation_check CHECK (((state = 'held'::text) = (ended IS NULL))),
  constraint reservation_check1 CHECK ((cardinality(budgets) = cardinality(periods))),
  constraint reservation_check2 CHECK ((((price IS NULL) = (held IS NULL)) AND ((price IS NULL) = (currency IS NULL)))),
  constraint reservation_check3 CHECK (((price IS NOT NULL) OR (cardinality(budgets) = 0))),
  constraint reservation_held_check CHECK ((held >= 0)),
  constraint reservation_kind_check CHECK ((kind = ANY (ARRAY['first'::text, 'retry'::text, 'hedge'::text, 'fallback'::text, 'shadow'::text, 'repair'::text, 'sample'::text, 'judge'::text]))),
  constraint reservation_state_check CHECK ((state = ANY (ARRAY['held'::text, 'settled'::text, 'assumed'::text, 'released'::text])))
);
CREATE INDEX reservation_held ON public.reservation USING btree (process, t, id) WHERE (state = 'held'::text);
CREATE INDEX reservation_run ON public.reservation USING btree (t, run, id) WHERE (run IS NOT NULL);

create table route (
  t text not null,
  name text not null,
  digest text not null,
  declared text,
  constraint route_pkey PRIMARY KEY (t, name),
  constraint route_t_name_digest_fkey FOREIGN KEY (t, name, digest) REFERENCES route_version(t, route, digest)
);

create table route_plan (
  t text not null,
  id text not null,
  route text not null,
  digest text not null,
  base text,
  body jsonb not null,
  created timestamp with time zone not null default clock_timestamp(),
  constraint route_plan_pkey PRIMARY KEY (t, id),
  constraint route_plan_t_route_digest_fkey FOREIGN KEY (t, route, digest) REFERENCES route_version(t, route, digest)
);

create table route_registry (
  t text not null,
  revision bigint not null default 0,
  constraint route_registry_pkey PRIMARY KEY (t)
);

create table route_revision (
  t text not null,
  route text not null,
  ordinal integer not null,
  digest text not null,
  previous text,
  how text not null,
  actor text,
  plan text,
  at timestamp with time zone not null default clock_timestamp(),
  constraint route_revision_pkey PRIMARY KEY (t, route, ordinal),
  constraint route_revision_t_plan_fkey FOREIGN KEY (t, plan) REFERENCES route_plan(t, id),
  constraint route_revision_t_route_digest_fkey FOREIGN KEY (t, route, digest) REFERENCES route_version(t, route, digest),
  constraint route_revision_how_check CHECK ((how = ANY (ARRAY['declared'::text, 'promoted'::text, 'rolled-back'::text])))
);

create table route_version (
  t text not null,
  route text not null,
  digest text not null,
  policy jsonb not null,
  created timestamp with time zone not null default clock_timestamp(),
  constraint route_version_pkey PRIMARY KEY (t, route, digest)
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
CREATE INDEX run_entity ON public.run USING btree (t, entity_id, id) WHERE (entity_id IS NOT NULL);
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

create table shadow_comparison (
  t text not null,
  call text not null,
  version text not null,
  route text not null,
  at timestamp with time zone not null,
  agreed boolean,
  error text,
  ms double precision not null,
  currency text,
  cost bigint,
  constraint shadow_comparison_pkey PRIMARY KEY (t, call, version)
);
CREATE INDEX shadow_comparison_route ON public.shadow_comparison USING btree (t, route, at);

create table shown (
  t text not null,
  item text not null,
  ordinal integer not null,
  key_id text not null,
  body bytea not null,
  constraint shown_pkey PRIMARY KEY (t, item, ordinal),
  constraint shown_t_item_ordinal_fkey FOREIGN KEY (t, item, ordinal) REFERENCES decision(t, item, ordinal)
);

create table stored_response (
  t text not null,
  id text not null,
  client text not null,
  version text not null,
  held_by text not null,
  tokens bigint not null,
  key_id text not null,
  body bytea not null,
  created timestamp with time zone not null default clock_timestamp(),
  expires timestamp with time zone not null,
  constraint stored_response_pkey PRIMARY KEY (t, id),
  constraint stored_response_held_by_check CHECK ((held_by = ANY (ARRAY['provider'::text, 'gateway'::text])))
);
CREATE INDEX stored_response_expires ON public.stored_response USING btree (expires);

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
  claimed timestamp with time zone,
  effective_at timestamp with time zone,
  snoozed_until timestamp with time zone,
  assignee text,
  constraint work_item_t_run_step_key_key UNIQUE (t, run, step_key),
  constraint work_item_pkey PRIMARY KEY (t, id),
  constraint work_item_closed_why_check CHECK ((closed_why = ANY (ARRAY['timeout'::text, 'cancelled'::text, 'dropped'::text]))),
  constraint work_item_kind_check CHECK ((kind = ANY (ARRAY['approve'::text, 'answer'::text, 'task'::text]))),
  constraint work_item_state_check CHECK ((state = ANY (ARRAY['open'::text, 'decided'::text, 'closed'::text])))
);
CREATE INDEX work_item_by_due ON public.work_item USING btree (t, COALESCE(due, 'infinity'::timestamp with time zone), id) WHERE (state = 'open'::text);
CREATE INDEX work_item_due ON public.work_item USING btree (due) WHERE ((state = 'open'::text) AND (escalated IS NULL) AND (due IS NOT NULL));
CREATE INDEX work_item_holder ON public.work_item USING btree (t, holder) WHERE ((state = 'open'::text) AND (holder IS NOT NULL));
CREATE INDEX work_item_order ON public.work_item USING btree (t, priority, COALESCE(due, 'infinity'::timestamp with time zone), id) WHERE (state = 'open'::text);
CREATE INDEX work_item_queue ON public.work_item USING btree (t, queue, priority, COALESCE(due, 'infinity'::timestamp with time zone), id) WHERE (state = 'open'::text);
CREATE INDEX work_item_settled ON public.work_item USING btree (t, state, id) WHERE (state <> 'open'::text);

CREATE OR REPLACE FUNCTION public.budget_period_name(kind text, moment timestamp with time zone)
 RETURNS text
 LANGUAGE sql
 STABLE PARALLEL SAFE STRICT
AS $function$
  select case kind when 'day' then to_char(moment at time zone 'UTC', 'YYYY-MM-DD') when 'week' then to_char(moment at time zone 'UTC', 'IYYY-"W"IW')
    when 'month' then to_char(moment at time zone 'UTC', 'YYYY-MM') else 'all' end
$function$;

CREATE OR REPLACE FUNCTION public.cost_add_days(tenants text[], ids text[])
 RETURNS void
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
begin
  insert into cost_day as c (t, dimension, key, currency, day, attempts, assumed, unknown, cost, input, output)
  select r.t, d.dimension, d.key, coalesce(r.currency, ''), (r.at at time zone 'UTC')::date, count(*), count(*) filter (where r.state = 'assumed'),
    count(*) filter (where r.actual is null), coalesce(sum(r.actual), 0),
    coalesce(sum(r.input + r.cache_read + r.cache_write + r.cache_write_long), 0), coalesce(sum(r.output + r.reasoning), 0)
  from unnest(tenants, ids) as e(t, id)
    cross join lateral (select * from reservation x where x.t = e.t and x.id = e.id and x.state <> 'released' offset 0) r
    cross join lateral (values ('model', r.provider || '/' || r.model), ('task', coalesce(r.task, '')), ('pipeline', coalesce(r.pipeline, '')),
      ('entity', coalesce(r.entity_type || '/' || r.entity_id, ''))) as d(dimension, key)
  group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
  on conflict (t, dimension, key, currency, day) do update set attempts = c.attempts + excluded.attempts, assumed = c.assumed + excluded.assumed,
    unknown = c.unknown + excluded.unknown, cost = c.cost + excluded.cost, input = c.input + excluded.input, output = c.output + excluded.output;
end $function$;

CREATE OR REPLACE FUNCTION public.cost_alarm(tenants text[], budgets text[], periods text[])
 RETURNS SETOF cost_alert
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
begin
  return query insert into cost_alert as a (t, budget, period, kind, amount)
  select l.t, l.budget, l.period, k.kind, p.spent
  from unnest(tenants, budgets, periods) as l(t, budget, period)
    cross join lateral (select * from budget_period x where x.t = l.t and x.budget = l.budget and x.period = l.period offset 0) p
    cross join lateral (select * from budget x where x.t = l.t and x.id = l.budget offset 0) b
    cross join lateral (values ('warn', share_of(b.cap, b.warn), 0), ('downgrade', share_of(b.cap, b.downgrade), 0),
      ('stop', share_of(b.cap, b.stop), 0), ('overdrawn', b.cap, 1)) as k(kind, threshold, more)
  where p.spent >= k.threshold + k.more and p.spent > 0
  on conflict do nothing returning a.*;
end $function$;

CREATE OR REPLACE FUNCTION public.cost_book(prices json, ends json, asks json, is_again boolean)
 RETURNS json
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
  moment timestamptz := clock_timestamp();
  said record; reserved record; n int; why text; at_level int; state_now text; missing text; standing text;
  end_t text[] := '{}'; end_id text[] := '{}';
  delta_t text[] := '{}'; delta_budget text[] := '{}'; delta_period text[] := '{}'; delta_held bigint[] := '{}'; delta_spent bigint[] := '{}';
  path_ordinal int[]; path_level int[];
  level_t text[]; level_budget text[]; level_period text[]; level_currency text[];
  now_held bigint[]; now_spent bigint[]; most bigint[]; warn_from bigint[]; downgrade_from bigint[];
  here text[] := '{}'; admitted int[] := '{}'; ended json[] := '{}'; asked json[] := '{}'; alerts json[] := '{}';
begin
  if prices is not null then insert into price (t, version, provider, model, currency, body)
    select t, version, provider, model, currency, body
    from json_to_recordset(prices) as p(t text, version text, provider text, model text, currency text, body jsonb) order by 1, 2 on conflict do nothing;
  end if;

  -- C4: only what is held ends, and by its own price (C8).
  for said in select * from json_to_recordset(ends) as e(ordinal int, t text, id text, state text, price text, actual bigint, why text, tier text,
      input bigint, cache_read bigint, cache_write bigint, cache_write_long bigint, output bigint, reasoning bigint) order by e.t, e.id, e.ordinal
  loop
    update reservation r set state = said.state, ended = moment, why = said.why, tier = said.tier,
      actual = case said.state when 'settled' then said.actual when 'assumed' then r.held else 0 end,
      input = said.input, cache_read = said.cache_read, cache_write = said.cache_write, cache_write_long = said.cache_write_long,
      output = said.output, reasoning = said.reasoning
    where r.t = said.t and r.id = said.id and r.state = 'held' and r.price is not distinct from coalesce(said.price, r.price) returning r.t, r.id, r.held, r.actual, r.budgets, r.periods into reserved;
    if found then
      end_t := end_t || reserved.t; end_id := end_id || reserved.id;
      n := cardinality(reserved.budgets);
      if n > 0 then -- and so it has a price
        delta_t := delta_t || array_fill(reserved.t, array[n]); delta_budget := delta_budget || reserved.budgets; delta_period := delta_period || reserved.periods;
        delta_held := delta_held || array_fill(reserved.held, array[n]); delta_spent := delta_spent || array_fill(reserved.actual, array[n]);
      end if;
      if reserved.actual > reserved.held then -- C5
        insert into cost_alert (t, budget, period, kind, reservation, amount)
          values (reserved.t, '', '', 'excess', reserved.id, reserved.actual - reserved.held) on conflict do nothing;
        alerts := alerts || json_build_object('t', reserved.t, 'budget', '', 'period', '', 'kind', 'excess', 'reservation', reserved.id,
          'amount', (reserved.actual - reserved.held)::text);
      end if;
      ended := ended || json_build_object('ordinal', said.ordinal, 'state', said.state, 'ended', true);
    else
      select r.state into state_now from reservation r where r.t = said.t and r.id = said.id;
      ended := ended || json_build_object('ordinal', said.ordinal, 'state', state_now, 'ended', false);
    end if;
  end loop;

  -- Every level that this batch touches, in the order of the locks; each node of the tree is walked from once, however many ask there.
  with recursive ask as (
      select a.ordinal, a.t, leaf from json_to_recordset(asks) as a(ordinal int, t text, budgets text[]) cross join unnest(a.budgets) as leaf),
    path as (
      select b.t, b.id as leaf, b.id, b.parent, b.period
      from (select distinct t, leaf from ask) a cross join lateral (select * from budget x where x.t = a.t and x.id = a.leaf offset 0) b
      union
      select b.t, p.leaf, b.id, b.parent, b.period
      from path p cross join lateral (select * from budget x where x.t = p.t and x.id = p.parent offset 0) b),
    touched as (
      -- As budget_period_name has it: a call of that is not inlined, and each batch would set it up anew.
      select t, leaf, id as budget, case period when 'day' then to_char(moment at time zone 'UTC', 'YYYY-MM-DD')
        when 'week' then to_char(moment at time zone 'UTC', 'IYYY-"W"IW') when 'month' then to_char(moment at time zone 'UTC', 'YYYY-MM') else 'all' end as period
      from path
      union all select t, null, budget, period from unnest(delta_t, delta_budget, delta_period) as d(t, budget, period)),
    numbered as materialized (select *, dense_rank() over (order by t, budget, period)::int as n from touched),
    level as materialized (select distinct n, t, budget, period from numbered),
    asked as materialized (select distinct a.ordinal, n from ask a join numbered using (t, leaf))
  select (select array_agg(ordinal order by ordinal, n) from asked), (select array_agg(n order by ordinal, n) from asked), l.*
  into path_ordinal, path_level, level_t, level_budget, level_period
  from (select array_agg(t order by n), array_agg(budget order by n), array_agg(period order by n) from level) l;

  -- Balances of a new period are made first, then all of them locked; who needs a row has made it or waited for its maker, so nobody waits in a circle.
  if exists (select from unnest(level_t, level_budget, level_period) as l(t, budget, period) where not exists (
      select from budget_period p where p.t = l.t and p.budget = l.budget and p.period = l.period offset 0)) then
    insert into budget_period (t, budget, period) select * from unnest(level_t, level_budget, level_period) order by 1, 2, 3 on conflict do nothing;
  end if;
  select array_agg(p.held), array_agg(p.spent), array_agg(p.currency), array_agg(p.most), array_agg(p.warn), array_agg(p.downgrade)
  into now_held, now_spent, level_currency, most, warn_from, downgrade_from
  from (select x.held, x.spent, b.currency, share_of(b.cap, b.stop) as most, share_of(b.cap, b.warn) as warn, share_of(b.cap, b.downgrade) as downgrade
    from (select * from unnest(level_t, level_budget, level_period) with ordinality as u(t, budget, period, n) order by n) l
      cross join lateral (select * from budget_period y where y.t = l.t and y.budget = l.budget and y.period = l.period for no key update) x
      cross join lateral (select * from budget y where y.t = l.t and y.id = l.budget offset 0) b
    order by l.n) p;

  for said in select l.n, d.held, d.spent from unnest(delta_t, delta_budget, delta_period, delta_held, delta_spent) as d(t, budget, period, held, spent)
    join unnest(level_t, level_budget, level_period) with ordinality as l(t, budget, period, n) using (t, budget, period)
  loop
    now_held[said.n] := now_held[said.n] - said.held; now_spent[said.n] := now_spent[said.n] + said.spent;
  end loop;

  if is_again then -- an earlier try of this batch may have been committed after all
    here := array(select a.id from json_to_recordset(asks) as a(t text, id text)
      cross join lateral (select from reservation r where r.t = a.t and r.id = a.id offset 0) r);
  end if;

  for said in
    select a.*, coalesce(l.levels, '{}') as levels, coalesce(l.names, '{}') as names
    from json_to_recordset(asks) as a(ordinal int, t text, id text, worst bigint, currency text, budgets text[], may_downgrade boolean)
      left join (select ordinal, array_agg(level) as levels, array_agg(level_budget[level]) as names
        from unnest(path_ordinal, path_level) as p(ordinal, level) group by ordinal) l using (ordinal)
    order by a.ordinal
  loop
    why := null; at_level := null; missing := null; standing := 'normal';
    foreach missing in array said.budgets loop
      if missing <> all (said.names) then why := 'missing'; exit; end if;
    end loop;
    if why is null and said.id <> all (here) then
      foreach n in array said.levels loop
        if level_currency[n] <> said.currency then why := 'currency';
        elsif now_held[n] + now_spent[n] + said.worst > most[n] then why := 'stop'; -- C1
        elsif said.may_downgrade and now_spent[n] >= downgrade_from[n] then why := 'downgrade';
        else continue;
        end if;
        at_level := n;
        exit;
      end loop;
      if why is null then
        foreach n in array said.levels loop now_held[n] := now_held[n] + said.worst; end loop;
        admitted := admitted || said.ordinal;
      end if;
    end if;
    foreach n in array said.levels loop
      standing := case when standing = 'downgrade' or now_spent[n] >= downgrade_from[n] then 'downgrade' when now_spent[n] >= warn_from[n] then 'warn' else standing end;
    end loop;
    if why = 'stop' then
      insert into cost_alert (t, budget, period, kind, amount) values (level_t[at_level], level_budget[at_level], level_period[at_level], 'refused', now_spent[at_level])
        on conflict do nothing;
      if found then alerts := alerts || json_build_object('t', level_t[at_level], 'budget', level_budget[at_level], 'period', level_period[at_level],
        'kind', 'refused', 'reservation', '', 'amount', now_spent[at_level]::text); end if;
    end if;
    asked := asked || json_build_object('ordinal', said.ordinal, 'why', why, 'budget', case why when 'missing' then missing else level_budget[at_level] end,
      'period', level_period[at_level], 'currency', level_currency[at_level], 'standing', standing);
  end loop;

  if cardinality(admitted) > 0 then
    insert into reservation (t, id, process, at, price, currency, held, budgets, periods, call, kind, provider, model, pipeline, run, step, task, entity_type, entity_id)
      select a.t, a.id, a.process, moment, a.price, a.currency, a.worst, coalesce(l.budgets, '{}'), coalesce(l.periods, '{}'), a.call, a.kind, a.provider, a.model,
        a.pipeline, a.run, a.step, a.task, a.entity_type, a.entity_id
      from json_to_recordset(asks) as a(ordinal int, t text, id text, process text, price text, currency text, worst bigint, call text, kind text,
        provider text, model text, pipeline text, run text, step text, task text, entity_type text, entity_id text)
        left join (select ordinal, array_agg(level_budget[level]) as budgets, array_agg(level_period[level]) as periods
          from unnest(path_ordinal, path_level) as p(ordinal, level) group by ordinal) l using (ordinal)
      where a.ordinal = any (admitted) on conflict do nothing;
  end if;
  for n in 1 .. coalesce(cardinality(level_t), 0) loop
    update budget_period p set held = now_held[n], spent = now_spent[n] where p.t = level_t[n] and p.budget = level_budget[n] and p.period = level_period[n];
  end loop;

  if cardinality(end_id) > 0 then
    perform cost_add_days(end_t, end_id);
    -- Most batches find every level below its lowest threshold.
    for n in 1 .. coalesce(cardinality(level_t), 0) loop
      if now_spent[n] > 0 and now_spent[n] >= least(warn_from[n], downgrade_from[n], most[n]) then
        alerts := alerts || array(select json_build_object('t', a.t, 'budget', a.budget, 'period', a.period, 'kind', a.kind, 'reservation', '', 'amount', a.amount::text)
          from cost_alarm(level_t, level_budget, level_period) as a);
        exit;
      end if;
    end loop;
  end if;
  return json_build_object('ended', ended, 'asked', asked, 'alerts', alerts);
end $function$;

CREATE OR REPLACE FUNCTION public.cost_correct(tenant text, of text, named text, added bigint, because text, who text)
 RETURNS SETOF cost_alert
 LANGUAGE plpgsql
AS $function$
#variable_conflict use_column
declare reserved reservation;
begin
  select * into reserved from reservation r where r.t = tenant and r.id = of and r.state <> 'held' and r.price is not null for no key update;
  if not found then raise exception 'it is still held, has no price, or does not exist' using errcode = 'MR002'; end if;
  insert into cost_correction (t, reservation, key, amount, reason, by) values (tenant, of, named, added, because, who) on conflict do nothing;
  if not found then return; end if;
  perform from budget_period p join unnest(reserved.budgets, reserved.periods) as l(budget, period) using (budget, period)
    where p.t = tenant order by p.t, p.budget, p.period for no key update of p;
  update budget_period p set spent = p.spent + added from unnest(reserved.budgets, reserved.periods) as l(budget, period)
    where p.t = tenant and p.budget = l.budget and p.period = l.period;
  insert into cost_day as c (t, dimension, key, currency, day, attempts, assumed, unknown, cost, input, output)
    select tenant, d.dimension, d.key, reserved.currency, (reserved.at at time zone 'UTC')::date, 0, 0, 0, added, 0, 0
    from (values ('model', reserved.provider || '/' || reserved.model), ('task', coalesce(reserved.task, '')), ('pipeline', coalesce(reserved.pipeline, '')),
      ('entity', coalesce(reserved.entity_type || '/' || reserved.entity_id, ''))) as d(dimension, key) order by 2, 3
    on conflict (t, dimension, key, currency, day) do update set cost = c.cost + excluded.cost;
  return query select * from cost_alarm(array_fill(tenant, array[cardinality(reserved.budgets)]), reserved.budgets, reserved.periods);
end $function$;

CREATE OR REPLACE FUNCTION public.ensure_month_partitions(first_day date, months integer)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
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

CREATE OR REPLACE FUNCTION public.share_of(cap bigint, percent smallint)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select cap / 100 * percent + cap % 100 * percent / 100
$function$;

grant delete, insert, select, update on answer_cache to millrace_app;
grant insert, select, update on api_key to millrace_app;
grant delete, insert, select, update on arm_answer to millrace_app;
grant delete, insert, select, update on arm_day to millrace_app;
grant insert, select on artefact to millrace_app;
grant insert, select on audit_log to millrace_app;
grant insert, select on budget to millrace_app;
grant insert, select on budget_period to millrace_app;
grant insert, select, update on cache_day to millrace_app;
grant delete, insert, select, update on call_latency to millrace_app;
grant insert, select, update on chunk to millrace_app;
grant insert, select on cost_alert to millrace_app;
grant insert, select on cost_correction to millrace_app;
grant insert, select on cost_day to millrace_app;
grant insert, select, update on dead_letter to millrace_app;
grant insert, select on decision to millrace_app;
grant insert, select on document to millrace_app;
grant delete, insert, select, update on draft to millrace_app;
grant insert, select, update on effect to millrace_app;
grant delete, select on effects_hold to millrace_app;
grant delete, insert, select, update on embedding_cache to millrace_app;
grant insert, select on factor to millrace_app;
grant insert, select, update on held_decision to millrace_app;
grant insert, select, update on inbox to millrace_app;
grant delete, insert, select, update on key_use to millrace_app;
grant insert, select, update on knowledge_index to millrace_app;
grant insert, select on ledger_pending to millrace_app;
grant insert, select on master_key_check to millrace_app;
grant insert, select, update on model to millrace_app;
grant insert, select on model_call to millrace_app;
grant insert, select on model_grant to millrace_app;
grant insert, select on model_version to millrace_app;
grant insert, select on payload to millrace_app;
grant insert, select, update on person to millrace_app;
grant delete, insert, select, update on person_code to millrace_app;
grant delete, insert, select, update on person_password to millrace_app;
grant delete, insert, select on person_role to millrace_app;
grant delete, insert, select, update on person_session to millrace_app;
grant insert, select, update on pipeline_switch to millrace_app;
grant insert, select on price to millrace_app;
grant delete, insert, select, update on process to millrace_app;
grant insert, select, update on reply to millrace_app;
grant delete, insert, select, update on reply_count to millrace_app;
grant insert, select on reservation to millrace_app;
grant insert, select, update on route to millrace_app;
grant insert, select on route_plan to millrace_app;
grant insert, select, update on route_registry to millrace_app;
grant insert, select on route_revision to millrace_app;
grant insert, select on route_version to millrace_app;
grant insert, select, update on run to millrace_app;
grant insert, select, update on run_factor to millrace_app;
grant insert, select on run_hold to millrace_app;
grant insert, select on run_log to millrace_app;
grant delete, insert, select, update on shadow_comparison to millrace_app;
grant insert, select on shown to millrace_app;
grant delete, insert, select on stored_response to millrace_app;
grant insert, select on subject to millrace_app;
grant insert, select on subject_alias to millrace_app;
grant insert, select, update on subject_key to millrace_app;
grant delete, insert, select, update on wake to millrace_app;
grant insert, select, update on work_item to millrace_app;
grant update (parent, cap, period, warn, downgrade, stop, declared) on budget to millrace_app;
grant update (held, spent) on budget_period to millrace_app;
grant update (attempts, assumed, unknown, cost, input, output) on cost_day to millrace_app;
grant update (state, ended, why, actual, tier, input, cache_read, cache_write, cache_write_long, output, reasoning) on reservation to millrace_app;
grant update (released, released_by) on run_hold to millrace_app;
