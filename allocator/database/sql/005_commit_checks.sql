-- Allocator Console, 5: what a commit refuses, one function for each kind of reason. Each
-- returns nothing when all is well and raises otherwise. Only the commit function calls them.

-- AC006: the input is malformed. Tested before anything is locked.
create or replace function public.allocator_console_check_input(
  p_run uuid, p_allocations jsonb, p_audit jsonb
) returns void
language plpgsql immutable
set search_path = public, pg_temp
as $$
declare
  uuid_pattern constant text := '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$';
  culprit bigint;
begin
  if p_run is null then
    raise exception 'The commit names no run.' using errcode = 'AC006';
  end if;
  if jsonb_typeof(p_audit) is distinct from 'object'
      or btrim(coalesce(p_audit ->> 'operator', '')) = '' then
    raise exception 'The commit does not say who commits.' using errcode = 'AC006';
  end if;
  if coalesce(jsonb_typeof(p_audit -> 'objective'), 'null') not in ('null', 'number')
      or coalesce(jsonb_typeof(p_audit -> 'bound'), 'null') not in ('null', 'number') then
    raise exception 'Objective and bound must be numbers.' using errcode = 'AC006';
  end if;
  if jsonb_typeof(p_allocations) is distinct from 'array' then
    raise exception 'The allocations must be a list.' using errcode = 'AC006';
  end if;
  if jsonb_array_length(p_allocations) = 0 then
    raise exception 'The commit has no allocations.' using errcode = 'AC006';
  end if;
  select n into culprit
  from jsonb_array_elements(p_allocations) with ordinality as a (allocation, n)
  where coalesce(allocation ->> 'worker_mapping', '') !~ uuid_pattern
    or coalesce(allocation ->> 'job_line', '') !~ uuid_pattern
    or coalesce(jsonb_typeof(allocation -> 'original_preference'), 'null')
       not in ('null', 'number')
  limit 1;
  if found then
    raise exception 'Allocation % of the list is malformed.', culprit using errcode = 'AC006';
  end if;
end $$;

-- AC003, AC002, AC004: a worker twice, somebody or something outside the run, a withdrawn worker.
-- Share locks: nobody withdraws or moves between these checks and the end of the transaction.
create or replace function public.allocator_console_check_members(
  p_run uuid, workers uuid[], lines uuid[]
) returns void
language plpgsql
set search_path = public, pg_temp
as $$
declare
  run allocator_py_runs;
  culprit uuid;
begin
  select * into run from allocator_py_runs r where r.id = p_run;

  select w into culprit from unnest(workers) as w group by w having count(*) > 1 limit 1;
  if found then
    raise exception 'Worker % appears twice.', culprit using errcode = 'AC003';
  end if;

  perform from allocation_run_worker_mappings m where m.id = any (workers) order by m.id for share;
  perform from job_lines j where j.id = any (lines) order by j.id for share;

  select w into culprit from unnest(workers) as w
  where not exists (select from allocation_run_worker_mappings m
                    where m.id = w and m.allocation_run = run.allocation_run)
    or (cardinality(run.included_worker_mappings) > 0
        and w <> all (run.included_worker_mappings))
  limit 1;
  if found then
    raise exception 'Worker % is not part of the run.', culprit using errcode = 'AC002';
  end if;
  select l into culprit from unnest(lines) as l
  where not exists (select from job_lines j
                    where j.id = l and j.allocation_run = run.allocation_run)
    or (cardinality(run.included_job_lines) > 0 and l <> all (run.included_job_lines))
  limit 1;
  if found then
    raise exception 'Job line % is not part of the run.', culprit using errcode = 'AC002';
  end if;

  select m.id into culprit from allocation_run_worker_mappings m
  where m.id = any (workers) and allocator_console_has_withdrawn(to_jsonb(m)) limit 1;
  if found then
    raise exception 'Worker % has withdrawn.', culprit using errcode = 'AC004';
  end if;
end $$;

-- AC007: an exclusive run takes nobody and nothing that another completed run of the same
-- allocation run has. Placements of workers who have withdrawn since do not count: their places
-- are free again. Such runs commit one after the other.
create or replace function public.allocator_console_check_exclusive(
  p_run uuid, workers uuid[], lines uuid[]
) returns void
language plpgsql
set search_path = public, pg_temp
as $$
declare
  run allocator_py_runs;
  culprit uuid;
begin
  select * into run from allocator_py_runs r where r.id = p_run;

  perform from allocationruns r where r.id = run.allocation_run for no key update;

  select a.worker_mapping into culprit
  from allocator_py_allocations a join allocator_py_runs r on r.id = a.allocator_py_run
  where r.allocation_run = run.allocation_run and r.completed_at is not null
    and a.worker_mapping = any (workers)
  limit 1;
  if found then
    raise exception 'Worker % was placed by another run.', culprit using errcode = 'AC007';
  end if;

  -- max_n_workers is an optional column, hence to_jsonb.
  select j.id into culprit
  from job_lines j
  cross join lateral (select count(*) as n from unnest(lines) as l where l = j.id) as mine
  cross join lateral (
    select count(*) as n
    from allocator_py_allocations a
    join allocator_py_runs r on r.id = a.allocator_py_run
    join allocation_run_worker_mappings m on m.id = a.worker_mapping
    where a.job_line = j.id and r.allocation_run = run.allocation_run
      and r.completed_at is not null and not allocator_console_has_withdrawn(to_jsonb(m))
  ) as others
  where j.id = any (lines)
    and mine.n + others.n > coalesce((to_jsonb(j) ->> 'max_n_workers')::integer, 1)
  limit 1;
  if found then
    raise exception 'Job line % has no place left.', culprit using errcode = 'AC007';
  end if;
end $$;

-- AC010: something that the solve read has changed since the program read it for the last time.
-- Without a digest this is not checked.
create or replace function public.allocator_console_check_digest(p_run uuid, p_digest text)
returns void
language plpgsql
set search_path = public, pg_temp
as $$
begin
  if p_digest <> allocator_console_digest(p_run) then
    raise exception 'The run''s data changed while it was being committed.'
      using errcode = 'AC010';
  end if;
end $$;
