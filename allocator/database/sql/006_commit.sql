-- Allocator Console, 6: the commit, one transaction, all or nothing.
--
-- p_allocations  [{"worker_mapping": uuid, "job_line": uuid, "original_preference": number|null}]
-- p_audit        {"operator": text, "settings", "scenario", "counts": objects,
--                 "objective", "bound": numbers, "solver", "fingerprint", "digest": texts,
--                 "proof", "proof_digest": texts, the bundle to store (010_proof.sql) or absent}
-- p_contract     the first number of the version that the calling program knows: 2
-- Returns the receipt. Repeating a commit (same operator, same allocations) returns the receipt
-- that exists, with "repeated": true, and writes nothing.
-- Refusals, by SQLSTATE; nothing has been written:
--   AC001 the run is already completed (who and when: in the message and in DETAIL)
--   AC002 a worker or job line is not part of the run    AC003 a worker appears twice
--   AC004 a worker has withdrawn                         AC005 there is no such run
--   AC006 the input is malformed
--   AC007 an exclusive run would place a worker, or fill a place, that another completed run has
--   AC008 the pending run holds allocations already
--   AC009 the program that calls follows another version of this contract
--   AC012 the run is sealed, and this is not what was sealed (010_proof.sql)
--   AC010 the run's data is no longer that of the digest, or AC002, AC004, AC007 where one of
--         those says which row it is
-- Whether a placement is eligible, a job line of a run that is not exclusive has room, and a
-- mandatory one has somebody is the program's to check, because a scenario may change all three on
-- purpose. The digest makes sure that the rows are those it was checked against.

create or replace function public.allocator_console_receipt(p_run uuid, p_repeated boolean)
returns jsonb
language sql stable
set search_path = public, pg_temp
as $$
  select to_jsonb(a) || jsonb_build_object('repeated', p_repeated)
  from allocator_console_audit a where a.allocator_py_run = p_run
$$;

-- AC009: program and function must mean the same by a commit.
create or replace function public.allocator_console_check_contract(p_contract integer)
returns void
language plpgsql stable
set search_path = public, pg_temp
as $$
declare
  ours constant integer := split_part(allocator_console_version(), '.', 1);
begin
  if p_contract < ours then
    raise exception 'This program is older than the database''s commit function (% and %).',
      p_contract, ours using errcode = 'AC009', hint = 'Update the program.';
  elsif p_contract is distinct from ours then
    raise exception 'This program is newer than the database''s commit function (% and %).',
      p_contract, ours
      using errcode = 'AC009', hint = 'Apply the SQL files that the program brings.';
  end if;
end $$;

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
  p_run uuid, p_allocations jsonb, p_audit jsonb, p_contract integer
) returns jsonb
language plpgsql
set search_path = public, pg_temp
as $$
declare
  who constant text := btrim(p_audit ->> 'operator');
  run allocator_py_runs;
  first_operator text;
  workers uuid[];
  lines uuid[];
begin
  perform allocator_console_check_contract(p_contract);
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
    -- Some servers pass the message on without its detail, so it says the same.
    select operator into first_operator from allocator_console_audit where allocator_py_run = p_run;
    raise exception 'The run was completed by % at %.', coalesce(first_operator, 'another program'),
      to_jsonb(run.completed_at) #>> '{}'
      using errcode = 'AC001', detail = jsonb_build_object(
        'operator', first_operator, 'committed_at', run.completed_at)::text;
  end if;
  if exists (select from allocator_py_allocations a where a.allocator_py_run = p_run) then
    raise exception 'The run is pending but holds allocations already.' using errcode = 'AC008';
  end if;
  perform allocator_console_check_members(p_run, workers, lines);
  if run.is_exclusive then
    perform allocator_console_check_exclusive(p_run, workers, lines);
  end if;
  perform allocator_console_check_digest(p_run, p_audit ->> 'digest');
  perform allocator_console_check_seal(p_run, p_audit);

  insert into allocator_py_allocations
    (allocator_py_run, worker_mapping, job_line, original_preference)
  select p_run, (a ->> 'worker_mapping')::uuid, (a ->> 'job_line')::uuid,
         (a ->> 'original_preference')::real
  from jsonb_array_elements(p_allocations) as a;
  update allocator_py_runs set completed_at = now() where id = p_run;
  insert into allocator_console_audit
    (allocator_py_run, operator, committed_at, n_allocations, objective, bound, solver,
     fingerprint, settings, scenario, counts, sql_version)
  values
    (p_run, who, now(), cardinality(workers), (p_audit ->> 'objective')::double precision,
     (p_audit ->> 'bound')::double precision, coalesce(p_audit ->> 'solver', ''),
     coalesce(p_audit ->> 'fingerprint', ''),
     coalesce(nullif(p_audit -> 'settings', 'null'), '{}'),
     coalesce(nullif(p_audit -> 'scenario', 'null'), '{}'),
     coalesce(nullif(p_audit -> 'counts', 'null'), '{}'), allocator_console_version());
  perform allocator_console_store_proof(p_run, p_audit);
  return allocator_console_receipt(p_run, false);
end $$;

-- What programs of version 1 call: they follow another contract.
create or replace function public.allocator_console_commit(
  p_run uuid, p_allocations jsonb, p_audit jsonb
) returns jsonb
language plpgsql
set search_path = public, pg_temp
as $$
begin
  perform allocator_console_check_contract(1);
end $$;
