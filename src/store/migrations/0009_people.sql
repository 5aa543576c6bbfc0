-- How people prove who they are, and what part they have.
create table person_role (
  t text not null,
  person text not null,
  role text not null check (role in ('admin', 'deployer', 'operator', 'reviewer', 'auditor')),
  primary key (t, person, role),
  foreign key (t, person) references person (t, id)
);

-- `login` is the address in lower case: two people never sign in under one. `hash` holds its own parameters.
create table person_password (
  t text not null,
  person text not null,
  login text not null,
  hash text not null,
  changed timestamptz not null default clock_timestamp(),
  primary key (t, person),
  unique (t, login),
  foreign key (t, person) references person (t, id)
);

-- A cookie opens one; the database has its SHA-256 alone. Ended rows go when the person signs in again.
create table person_session (
  t text not null,
  id text not null,
  person text not null,
  token_hash bytea not null unique,
  agent text not null,
  created timestamptz not null default clock_timestamp(),
  last_used timestamptz not null default clock_timestamp(),
  idle_until timestamptz not null,
  expires timestamptz not null,
  primary key (t, id),
  foreign key (t, person) references person (t, id)
);
create index person_session_person on person_session (t, person);

-- An invitation or a reset: used once, within ten minutes.
create table person_code (
  t text not null,
  person text not null,
  code_hash bytea not null unique,
  expires timestamptz not null,
  primary key (t, person),
  foreign key (t, person) references person (t, id)
);

grant select, insert, delete on person_role to millrace_app;
grant select, insert, update, delete on person_password, person_session, person_code to millrace_app;
