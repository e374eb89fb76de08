-- The owners run a trigger when an allocator run is completed; its body is not public. This one
-- notes the completion, with the rights of whoever completes the run.

create table if not exists allocator_py_completions (
  id bigint generated always as identity primary key,
  allocator_py_run uuid not null,
  n_allocations bigint not null,
  completed_at timestamptz not null
);
alter table allocator_py_completions enable row level security;

create or replace function on_allocator_py_update() returns trigger
language plpgsql
set search_path = public, pg_temp
as $$
begin
  insert into allocator_py_completions (allocator_py_run, n_allocations, completed_at)
  select new.id, count(*), new.completed_at
  from allocator_py_allocations where allocator_py_run = new.id;
  return new;
end $$;

create or replace trigger trigger_on_allocator_py_update
after update of completed_at on allocator_py_runs
for each row when (old.completed_at is null and new.completed_at is not null)
execute function on_allocator_py_update();
