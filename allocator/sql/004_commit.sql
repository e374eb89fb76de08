-- Allocator Console, 4 of 5: the commit, one transaction, all or nothing.
--
-- p_allocations  [{"worker_mapping": uuid, "job_line": uuid, "original_preference": number|null}]
-- p_audit        {"operator": text, "settings", "scenario", "counts": objects,
--                 "objective", "bound": numbers, "solver", "fingerprint": texts}
-- Returns the receipt. Repeating a commit (same operator, same allocations) returns the receipt
-- that exists, with "repeated": true, and writes nothing.
-- Refusals, by SQLSTATE; nothing has been written:
--   AC001 the run is already completed (DETAIL: {"operator", "committed_at"})
--   AC002 a worker or job line is not part of the run    AC003 a worker appears twice
--   AC004 a worker has withdrawn                         AC005 there is no such run
--   AC006 the input is malformed
--   AC007 an exclusive run would place a worker, or fill a place, that another completed run has
--   AC008 the pending run holds allocations already

create or replace function public.allocator_console_receipt(p_run uuid)
returns jsonb
language sql stable
set search_path = public, pg_temp
as $$
  select to_jsonb(a) || '{"repeated": false}' from allocator_console_audit a
  where a.allocator_py_run = p_run
$$;

create or replace function public.allocator_console_commit(
  p_run uuid, p_allocations jsonb, p_audit jsonb
) returns jsonb
language plpgsql
set search_path = public, pg_temp
as $$
declare
  uuid_pattern constant text :=
    '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$';
  run allocator_py_runs;
  workers uuid[];
  lines uuid[];
  culprit text;
  same boolean;
begin
  -- The input, before anything is locked.
  if p_run is null then
    raise exception 'The commit names no run.' using errcode = 'AC006';
  end if;
  if jsonb_typeof(p_audit) is distinct from 'object'
      or btrim(coalesce(p_audit ->> 'operator', '')) = '' then
    raise exception 'The commit does not say who commits.' using errcode = 'AC006';
  end if;
  if jsonb_typeof(p_allocations) is distinct from 'array'
      or jsonb_array_length(p_allocations) = 0 then
    raise exception 'The commit has no allocations.' using errcode = 'AC006';
  end if;
  select format('Allocation %s is malformed.', n) into culprit
  from jsonb_array_elements(p_allocations) with ordinality as e (row, n)
  where coalesce(e.row ->> 'worker_mapping', '') !~ uuid_pattern
    or coalesce(e.row ->> 'job_line', '') !~ uuid_pattern
    or coalesce(jsonb_typeof(e.row -> 'original_preference'), 'null') not in ('null', 'number')
  limit 1;
  if culprit is not null then
    raise exception '%', culprit using errcode = 'AC006';
  end if;

  -- One commit of a run at a time: whoever comes second sees what the first one did.
  select * into run from allocator_py_runs r where r.id = p_run for update;
  if not found then
    raise exception 'There is no allocator run %.', p_run using errcode = 'AC005';
  end if;

  select array_agg(lower(e ->> 'worker_mapping')::uuid order by n),
         array_agg(lower(e ->> 'job_line')::uuid order by n)
  into workers, lines
  from jsonb_array_elements(p_allocations) with ordinality as a (e, n);

  if run.completed_at is not null then
    select a.operator = btrim(p_audit ->> 'operator') and not exists (
      (select w, j from unnest(workers, lines) as given (w, j)
       except select worker_mapping, job_line from allocator_py_allocations
       where allocator_py_run = p_run)
      union all
      (select worker_mapping, job_line from allocator_py_allocations
       where allocator_py_run = p_run
       except select w, j from unnest(workers, lines) as given (w, j))
    ) into same from allocator_console_audit a where a.allocator_py_run = p_run;
    if same then
      return allocator_console_receipt(p_run) || '{"repeated": true}';
    end if;
    raise exception 'The run is already completed.' using errcode = 'AC001',
      detail = jsonb_build_object(
        'operator', (select operator from allocator_console_audit where allocator_py_run = p_run),
        'committed_at', run.completed_at)::text;
  end if;
  if exists (select from allocator_py_allocations a where a.allocator_py_run = p_run) then
    raise exception 'The run is pending but holds allocations already.' using errcode = 'AC008';
  end if;

  select w into culprit from unnest(workers) as w group by w having count(*) > 1 limit 1;
  if culprit is not null then
    raise exception 'Worker % appears twice.', culprit using errcode = 'AC003';
  end if;

  -- Share locks: nobody withdraws or moves between the checks and the end of the transaction.
  perform 1 from allocation_run_worker_mappings m where m.id = any (workers)
  order by m.id for share;
  perform 1 from job_lines j where j.id = any (lines) order by j.id for share;

  select w into culprit from unnest(workers) as w
  where not exists (select from allocation_run_worker_mappings m
                    where m.id = w and m.allocation_run = run.allocation_run)
    or (cardinality(run.included_worker_mappings) > 0
        and w <> all (run.included_worker_mappings))
  limit 1;
  if culprit is not null then
    raise exception 'Worker % is not part of the run.', culprit using errcode = 'AC002';
  end if;
  select l into culprit from unnest(lines) as l
  where not exists (select from job_lines j
                    where j.id = l and j.allocation_run = run.allocation_run)
    or (cardinality(run.included_job_lines) > 0 and l <> all (run.included_job_lines))
  limit 1;
  if culprit is not null then
    raise exception 'Job line % is not part of the run.', culprit using errcode = 'AC002';
  end if;
  select m.id into culprit from allocation_run_worker_mappings m
  where m.id = any (workers) and m.withdrawn_at is not null limit 1;
  if culprit is not null then
    raise exception 'Worker % has withdrawn.', culprit using errcode = 'AC004';
  end if;

  if run.is_exclusive then
    -- Exclusive runs of one allocation run commit one after the other.
    perform 1 from allocationruns r where r.id = run.allocation_run for no key update;
    select a.worker_mapping into culprit
    from allocator_py_allocations a join allocator_py_runs r on r.id = a.allocator_py_run
    where r.allocation_run = run.allocation_run and r.completed_at is not null
      and a.worker_mapping = any (workers)
    limit 1;
    if culprit is not null then
      raise exception 'Worker % was placed by another run.', culprit using errcode = 'AC007';
    end if;
    -- max_n_workers is an optional column, hence to_jsonb.
    select j.id into culprit
    from job_lines j
    cross join lateral (select count(*) as n from unnest(lines) as l where l = j.id) as mine
    cross join lateral (
      select count(*) as n
      from allocator_py_allocations a join allocator_py_runs r on r.id = a.allocator_py_run
      where a.job_line = j.id and r.allocation_run = run.allocation_run
        and r.completed_at is not null
    ) as others
    where mine.n > 0
      and mine.n + others.n > coalesce((to_jsonb(j) ->> 'max_n_workers')::integer, 1)
    limit 1;
    if culprit is not null then
      raise exception 'Job line % has no place left.', culprit using errcode = 'AC007';
    end if;
  end if;

  insert into allocator_py_allocations
    (allocator_py_run, worker_mapping, job_line, original_preference)
  select p_run, (e ->> 'worker_mapping')::uuid, (e ->> 'job_line')::uuid,
         (e ->> 'original_preference')::real
  from jsonb_array_elements(p_allocations) as e;

  update allocator_py_runs set completed_at = now() where id = p_run;

  insert into allocator_console_audit
    (allocator_py_run, operator, committed_at, n_allocations, objective, bound, solver,
     fingerprint, settings, scenario, counts)
  values
    (p_run, btrim(p_audit ->> 'operator'), now(), cardinality(workers),
     (p_audit ->> 'objective')::double precision, (p_audit ->> 'bound')::double precision,
     coalesce(p_audit ->> 'solver', ''), coalesce(p_audit ->> 'fingerprint', ''),
     coalesce(p_audit -> 'settings', '{}'), coalesce(p_audit -> 'scenario', '{}'),
     coalesce(p_audit -> 'counts', '{}'));

  return allocator_console_receipt(p_run);
end $$;

revoke all on function public.allocator_console_receipt(uuid)
  from public, anon, authenticated;
revoke all on function public.allocator_console_commit(uuid, jsonb, jsonb)
  from public, anon, authenticated;
grant execute on function public.allocator_console_receipt(uuid) to service_role;
grant execute on function public.allocator_console_commit(uuid, jsonb, jsonb) to service_role;
