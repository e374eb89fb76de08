-- Allocator Console, 5 of 6: the commit, one transaction, all or nothing.
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

create or replace function public.allocator_console_receipt(p_run uuid, p_repeated boolean)
returns jsonb
language sql stable
set search_path = public, pg_temp
as $$
  select to_jsonb(a) || jsonb_build_object('repeated', p_repeated)
  from allocator_console_audit a where a.allocator_py_run = p_run
$$;

-- True when the completed run was committed by this operator with exactly these allocations.
create or replace function public.allocator_console_is_repeat(
  p_run uuid, p_operator text, workers uuid[], lines uuid[]
) returns boolean
language sql stable
set search_path = public, pg_temp
as $$
  with given as (select * from unnest(workers, lines) as g (worker_mapping, job_line)),
  stored as (select worker_mapping, job_line from allocator_py_allocations
             where allocator_py_run = p_run)
  select exists (select from allocator_console_audit
                 where allocator_py_run = p_run and operator = p_operator)
    and (select count(*) from given) = (select count(*) from stored)
    and not exists ((table given) except (table stored))
$$;

create or replace function public.allocator_console_commit(
  p_run uuid, p_allocations jsonb, p_audit jsonb
) returns jsonb
language plpgsql
set search_path = public, pg_temp
as $$
declare
  who constant text := btrim(p_audit ->> 'operator');
  run allocator_py_runs;
  workers uuid[];
  lines uuid[];
begin
  perform allocator_console_check_input(p_run, p_allocations, p_audit);
  select array_agg((a ->> 'worker_mapping')::uuid order by n),
         array_agg((a ->> 'job_line')::uuid order by n)
  into workers, lines
  from jsonb_array_elements(p_allocations) with ordinality as e (a, n);

  -- One commit of a run at a time: whoever comes second sees what the first one did.
  select * into run from allocator_py_runs r where r.id = p_run for update;
  if not found then
    raise exception 'There is no allocator run %.', p_run using errcode = 'AC005';
  end if;
  if run.completed_at is not null then
    if allocator_console_is_repeat(p_run, who, workers, lines) then
      return allocator_console_receipt(p_run, true);
    end if;
    raise exception 'The run is already completed.' using errcode = 'AC001',
      detail = jsonb_build_object(
        'operator', (select operator from allocator_console_audit where allocator_py_run = p_run),
        'committed_at', run.completed_at)::text;
  end if;
  if exists (select from allocator_py_allocations a where a.allocator_py_run = p_run) then
    raise exception 'The run is pending but holds allocations already.' using errcode = 'AC008';
  end if;
  perform allocator_console_check_members(p_run, workers, lines);
  if run.is_exclusive then
    perform allocator_console_check_exclusive(p_run, workers, lines);
  end if;

  insert into allocator_py_allocations
    (allocator_py_run, worker_mapping, job_line, original_preference)
  select p_run, (a ->> 'worker_mapping')::uuid, (a ->> 'job_line')::uuid,
         (a ->> 'original_preference')::real
  from jsonb_array_elements(p_allocations) as a;
  update allocator_py_runs set completed_at = now() where id = p_run;
  insert into allocator_console_audit
    (allocator_py_run, operator, committed_at, n_allocations, objective, bound, solver,
     fingerprint, settings, scenario, counts)
  values
    (p_run, who, now(), cardinality(workers), (p_audit ->> 'objective')::double precision,
     (p_audit ->> 'bound')::double precision, coalesce(p_audit ->> 'solver', ''),
     coalesce(p_audit ->> 'fingerprint', ''),
     coalesce(nullif(p_audit -> 'settings', 'null'), '{}'),
     coalesce(nullif(p_audit -> 'scenario', 'null'), '{}'),
     coalesce(nullif(p_audit -> 'counts', 'null'), '{}'));
  return allocator_console_receipt(p_run, false);
end $$;

-- Nobody but the console's service key may call any of it.
do $$
declare
  f regprocedure;
begin
  for f in
    select p.oid::regprocedure from pg_proc p
    where p.pronamespace = 'public'::regnamespace and starts_with(p.proname, 'allocator_console_')
  loop
    execute format('revoke all on function %s from public, anon, authenticated', f);
    execute format('grant execute on function %s to service_role', f);
  end loop;
end $$;
