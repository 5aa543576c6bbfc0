-- What calls of models took, by minute: sketches (DDSketch, Masson et al., VLDB 2019), whose bins add up over any rows, so that a percentile is read
-- from the sum of them and never from other percentiles. A process writes its own rows, each time whole: a flush that is sent twice changes nothing.
-- Rejected: one row for all processes that each adds to: a flush whose answer is lost would be added again, and every minute would be a hot row.
create table call_latency (
  t text not null,
  at timestamptz not null,
  -- Minutes older than some days become hours (of no process).
  grain text not null check (grain in ('minute', 'hour')),
  route text not null,
  dialect text not null,
  model text not null,
  task text not null,
  kind text not null check (kind in ('total', 'first-content')),
  process text not null,
  count bigint not null,
  -- Milliseconds.
  total double precision not null,
  least double precision not null,
  most double precision not null,
  -- Bin n holds what took more than gamma^(n-1) and at most gamma^n milliseconds, gamma = 1.01 / 0.99.
  bins int[] not null,
  counts bigint[] not null,
  primary key (t, at, grain, route, dialect, model, task, kind, process),
  check (cardinality(bins) = cardinality(counts))
);
create index call_latency_grain on call_latency (grain, at);

-- The read-out of each arm of a route by day, each process its own rows, whole. A call counts to the arm that was asked first, whoever answered it.
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
  -- Another version had to answer.
  taken_over bigint not null,
  schema_failures bigint not null,
  -- Calls that failed in the end, by kind of failure.
  errors jsonb not null,
  priced bigint not null,
  -- Nano-units, and their squares: for the mean and its interval.
  cost numeric not null,
  cost_squares numeric not null,
  bins int[] not null,
  counts bigint[] not null,
  primary key (t, route, day, route_version, arm, version, currency, process)
);

-- The answers of an arm that a run went on with: what people decided of them is found through the run.
create table arm_answer (
  t text not null,
  call text not null,
  route text not null,
  at timestamptz not null,
  route_version text not null,
  arm text not null,
  version text not null,
  run text not null,
  primary key (t, call)
);
create index arm_answer_route on arm_answer (t, route, at);

-- What a version said that was asked beside, held against what the client got. No text of either.
create table shadow_comparison (
  t text not null,
  call text not null,
  -- The digest of the shadow's version.
  version text not null,
  route text not null,
  at timestamptz not null,
  agreed boolean,
  -- A code of the error dictionary.
  error text,
  ms double precision not null,
  currency text,
  cost bigint,
  primary key (t, call, version)
);
create index shadow_comparison_route on shadow_comparison (t, route, at);

grant select, insert, update, delete on call_latency, arm_day, arm_answer, shadow_comparison to millrace_app;
