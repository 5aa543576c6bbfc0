-- Answers of /v1/responses that may be asked for again. The id is the provider's, so that its own clients meet what they were told; of an answer
-- that was carried over from another dialect it is ours.
create table stored_response (
  t text not null,
  id text not null,
  -- The key of the client that asked: nobody else sees it.
  client text not null,
  -- The model's version that gave it: whoever goes on from it is answered by that one.
  version text not null,
  -- Who has the conversation: its provider, or we, where that provider keeps none.
  held_by text not null check (held_by in ('provider', 'gateway')),
  -- What the conversation is for who goes on from it, in tokens.
  tokens bigint not null,
  -- The answer with what it answered, sealed under the key of the person whom the request named, or of the client.
  key_id text not null,
  body bytea not null,
  created timestamptz not null default clock_timestamp(),
  expires timestamptz not null,
  primary key (t, id)
);
create index stored_response_expires on stored_response (expires);

grant select, insert, delete on stored_response to millrace_app;
