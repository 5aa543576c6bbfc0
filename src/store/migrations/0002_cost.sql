-- What models cost: prices, budgets, reservations (docs/specs/ledger-work-cost.md, C1-C9).

-- Money is whole nano-units of a currency. A price by its version, the digest of its words (C8): whoever doubts an amount computes it again.
create table price (
  t text not null,
  version text not null,
  provider text not null,
  model text not null,
  currency text not null,
  body jsonb not null,
  first_used timestamptz not null default clock_timestamp(),
  primary key (t, version)
);

-- A tree. Thresholds are percent of the cap; at `stop` nothing more is admitted.
create table budget (
  t text not null,
  id text not null,
  parent text,
  currency text not null,
  cap bigint not null check (cap >= 0),
  period text not null check (period in ('day', 'week', 'month', 'all')),
  warn smallint check (warn between 1 and 100),
  downgrade smallint check (downgrade between 1 and 100),
  stop smallint not null default 100 check (stop between 1 and 100),
  primary key (t, id),
  foreign key (t, parent) references budget (t, id) deferrable initially deferred
);

-- Periods are named after what they are in UTC; the database's clock alone counts.
create function budget_period_name(kind text, moment timestamptz) returns text language sql stable strict parallel safe as $$
  select case kind when 'day' then to_char(moment at time zone 'UTC', 'YYYY-MM-DD') when 'week' then to_char(moment at time zone 'UTC', 'IYYY-"W"IW')
    when 'month' then to_char(moment at time zone 'UTC', 'YYYY-MM') else 'all' end
$$;

create table budget_period (
  t text not null,
  budget text not null,
  period text not null,
  held bigint not null default 0 check (held >= 0),
  spent bigint not null default 0,
  primary key (t, budget, period),
  foreign key (t, budget) references budget (t, id)
) with (fillfactor = 50);

-- One attempt at a model (C3), and the levels of the tree that it was admitted by, with the period of each (C8). Two arrays and no table of
-- their own: three more rows an attempt, each with its index, for what is only read together with it.
-- Without a known price nothing is held and no budget applies (C6).
create table reservation (
  t text not null,
  id text not null,
  state text not null default 'held' check (state in ('held', 'settled', 'assumed', 'released')),
  process text not null,
  at timestamptz not null,
  ended timestamptz,
  why text,
  price text,
  currency text,
  held bigint check (held >= 0),
  actual bigint check (actual >= 0),
  budgets text[] not null,
  periods text[] not null,
  call text,
  kind text not null check (kind in ('first', 'retry', 'hedge', 'fallback', 'shadow', 'repair', 'sample', 'judge')),
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
  primary key (t, id),
  check ((state = 'held') = (ended is null)),
  check (cardinality(budgets) = cardinality(periods)),
  check ((price is null) = (held is null) and (price is null) = (currency is null)),
  check (price is not null or cardinality(budgets) = 0)
) with (fillfactor = 70);
create index reservation_held on reservation (process, t, id) where state = 'held';
create index reservation_run on reservation (t, run, id) where run is not null;

-- What turned out later, in the currency and the periods of its reservation (C7, C8).
create table cost_correction (
  t text not null,
  reservation text not null,
  -- Whoever adds it names it: told twice, it is added once.
  key text not null,
  amount bigint not null,
  reason text not null,
  by text not null,
  at timestamptz not null default clock_timestamp(),
  primary key (t, reservation, key),
  foreign key (t, reservation) references reservation (t, id)
);

-- A threshold once a period (C9), and so the first refusal: worst cases may find no room long before all is spent. An attempt that cost more than it held (C5) once each: it is no single budget's, and its reservation names them all.
create table cost_alert (
  t text not null,
  budget text not null,
  period text not null,
  kind text not null check (kind in ('warn', 'downgrade', 'stop', 'refused', 'overdrawn', 'excess')),
  reservation text not null default '',
  amount bigint not null,
  at timestamptz not null default clock_timestamp(),
  primary key (t, budget, period, kind, reservation)
);
create index cost_alert_newest on cost_alert (t, at desc);

-- What attempts cost, by the day of the attempt (UTC), so that a report reads days and not attempts. Unknown costs are counted, not added (C6).
create table cost_day (
  t text not null,
  dimension text not null check (dimension in ('model', 'task', 'pipeline', 'entity')),
  key text not null,
  currency text not null,
  day date not null,
  attempts bigint not null,
  assumed bigint not null,
  unknown bigint not null,
  cost bigint not null,
  input bigint not null,
  output bigint not null,
  primary key (t, dimension, key, currency, day)
) with (fillfactor = 70);
create index cost_day_of on cost_day (t, dimension, day);

-- ---------------------------------------------------------------- cost: one batch of a gateway

create function share_of(cap bigint, percent smallint) returns bigint language sql immutable parallel safe as $$
  select cap / 100 * percent + cap % 100 * percent / 100
$$;

-- Adds what ended to the report's days. Rows in one order, as two processes may add to the same ones.
create function cost_add_days(tenants text[], ids text[]) returns void language plpgsql set plan_cache_mode = force_generic_plan as $$
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
end $$;

-- The alerts of levels as they stand now: what was told in this period is not told again (C9).
create function cost_alarm(tenants text[], budgets text[], periods text[]) returns setof cost_alert language plpgsql set plan_cache_mode = force_generic_plan as $$
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
end $$;

-- Books one batch: reservations that end, then attempts that ask, first in first out. One call is one statement, one transaction, one commit.
-- Locks in one order everywhere: reservations by id, then balances by (t, budget, period), then days; so nobody waits in a circle (C1).
-- Rows are looked up one by one through laterals: a plan made while tables are empty is as good when they are full. And it is kept: planning each
-- batch anew for the lengths of its arrays took longer than the batch.
create function cost_book(prices json, ends json, asks json, is_again boolean) returns json language plpgsql set plan_cache_mode = force_generic_plan as $$
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
end $$;

-- C7: a correction is a row of its own, in the periods, the currency and the day of its reservation (C8); the balances follow it.
create function cost_correct(tenant text, of text, named text, added bigint, because text, who text) returns setof cost_alert language plpgsql as $$
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
end $$;

-- Least privilege: what an attempt was admitted by never changes (C8), corrections and alerts are only added (C7, C9).
grant select, insert on price, cost_correction, cost_alert to millrace_app;
grant select, insert, update (parent, cap, period, warn, downgrade, stop) on budget to millrace_app;
grant select, insert, update (held, spent) on budget_period to millrace_app;
grant select, insert, update (state, ended, why, actual, tier, input, cache_read, cache_write, cache_write_long, output, reasoning) on reservation to millrace_app;
grant select, insert, update (attempts, assumed, unknown, cost, input, output) on cost_day to millrace_app;
