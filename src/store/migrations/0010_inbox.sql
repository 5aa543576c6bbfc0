-- The inbox: decisions that are held for a few seconds, what people saw, drafts, and items put aside or given to somebody.
alter table work_item
  add column claimed timestamptz,
  -- A decision of the holder is held until then: nobody claims, and nothing escalates.
  add column effective_at timestamptz,
  add column snoozed_until timestamptz,
  add column assignee text;
create index work_item_by_due on work_item (t, (coalesce(due, 'infinity')), id) where state = 'open';
create index work_item_holder on work_item (t, holder) where state = 'open' and holder is not null;

-- A decision that is made and has not taken effect. `body` is what was sent, sealed.
create table held_decision (
  t text not null,
  item text not null,
  no bigint generated always as identity,
  person text not null,
  claim_no int not null,
  made timestamptz not null default clock_timestamp(),
  effective_at timestamptz not null,
  state text not null default 'held' check (state in ('held', 'taken', 'undone', 'refused', 'closed')),
  refused text,
  key_id text not null,
  body bytea not null,
  primary key (t, item, no),
  foreign key (t, item) references work_item (t, id)
);
create unique index held_decision_item on held_decision (t, item) where state = 'held';
create index held_decision_due on held_decision (effective_at) where state = 'held';
create index held_decision_person on held_decision (t, person, no) where state = 'held';

-- The bytes behind a decision's `shown_digest`, and how they were looked at, sealed.
create table shown (
  t text not null,
  item text not null,
  ordinal int not null,
  key_id text not null,
  body bytea not null,
  primary key (t, item, ordinal),
  foreign key (t, item, ordinal) references decision (t, item, ordinal)
);

create table draft (
  t text not null,
  item text not null,
  person text not null,
  version int not null,
  saved timestamptz not null default clock_timestamp(),
  key_id text not null,
  body bytea not null,
  primary key (t, item, person),
  foreign key (t, item) references work_item (t, id)
);

grant select, insert on shown to millrace_app;
grant select, insert, update on held_decision to millrace_app;
grant select, insert, update, delete on draft to millrace_app;
