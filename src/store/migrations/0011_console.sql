-- What the console asks for: runs of one customer in the order of their ids, and what people decided in a stretch of time.
create index run_entity on run (t, entity_id, id) where entity_id is not null;
create index decision_at on decision (t, at) include (active_ms);
