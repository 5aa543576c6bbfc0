-- Answers that stand for questions put again, and vectors of texts. Unlogged: a crash of the database empties them, which costs questions and
-- loses nothing; an answer kept costs no flush of the log. They are in no backup.

create sequence answer_cache_ordinal;
create unlogged table answer_cache (
  t text not null,
  route text not null,
  -- SHA-256 of all that shapes the answer, and of what its caller may see.
  key bytea not null,
  -- The call whose answer it is, and the versions of route and model that gave it.
  call text not null,
  version text not null,
  model text not null,
  -- The person whom it concerns: it is deleted with them. The body is sealed under their key then.
  subject text,
  key_id text,
  -- Of what may be found by its meaning: all that must be equal, the words that may differ, and their vector. Never of a person.
  scope bytea,
  ordinal bigint not null default nextval('answer_cache_ordinal'),
  asked text,
  vector bytea,
  -- What it was made from: it dies with any of these.
  sources text[] not null default '{}',
  status smallint not null,
  type text not null,
  -- Fields that were lost on the way to another dialect: whoever is answered from here is told too.
  dropped text,
  nano numeric(38, 0),
  currency text,
  body bytea not null,
  made timestamptz not null default clock_timestamp(),
  exact_until timestamptz,
  semantic_until timestamptz,
  expires timestamptz not null generated always as (greatest(exact_until, semantic_until)) stored,
  primary key (t, route, key),
  check ((subject is null) = (key_id is null)),
  check (subject is null or scope is null)
);
-- A sealed body does not compress, and the others are read more often than they are worth the time.
alter table answer_cache alter column body set storage external;
create index answer_cache_call on answer_cache (t, call);
-- By it each process learns which keys there are.
create index answer_cache_newest on answer_cache (ordinal);
create index answer_cache_expires on answer_cache (expires);
create index answer_cache_subject on answer_cache (t, subject) where subject is not null;
create index answer_cache_scope on answer_cache (t, scope, ordinal) where scope is not null;
create index answer_cache_sources on answer_cache using gin (sources) where sources <> '{}';

-- By the encoder's digest and the text's. `subject` is empty where the text is nobody's.
create unlogged table embedding_cache (
  t text not null,
  encoder text not null,
  text bytea not null,
  subject text not null default '',
  vector bytea not null,
  expires timestamptz not null,
  primary key (t, encoder, text, subject)
);
create index embedding_cache_subject on embedding_cache (t, subject) where subject <> '';
create index embedding_cache_expires on embedding_cache (expires);

-- What the caches did, by route and day (UTC): a row a measure, so that a count is added without reading what stands there.
-- `exact-hit`, `semantic-hit`, `miss`, `kept`, `evicted`; `passed:WHY`, `refused:WHY`, `unkept:WHY`; `saved:CURRENCY` in nano-units.
create table cache_day (
  t text not null,
  route text not null,
  day date not null,
  measure text not null,
  amount numeric(38, 0) not null,
  primary key (t, route, day, measure)
);

grant usage on sequence answer_cache_ordinal to millrace_app;
grant select, insert, update, delete on answer_cache, embedding_cache to millrace_app;
grant select, insert, update on cache_day to millrace_app;
