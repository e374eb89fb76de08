-- Allocator Console, 4: when a worker has withdrawn, and a short text that changes with
-- anything that a solve of a run reads.

-- A withdrawal counts from its effective time where there is one. (A row as jsonb, so that a
-- database without that column is served too, and the owners' table may still be changed.)
create or replace function public.allocator_console_has_withdrawn(mapping jsonb) returns boolean
language sql stable
set search_path = public, pg_temp
as $$
  select mapping ->> 'withdrawn_at' is not null
    and coalesce((mapping ->> 'withdrawal_effective_at')::timestamptz <= now(), true)
$$;

-- The program asks for the digest before it reads a run for the last time and hands it to the commit, so
-- that nothing can change in between unseen. It covers the run, the state of its allocation run,
-- its workers (withdrawn, submitted, locked), ranks, buckets and qualifications, its job lines
-- (places, mandatory), eligibility and weightings, and the placements of completed runs. It does
-- not cover names, terms, notes, or the placements that other applications made.
create or replace function public.allocator_console_digest(p_run uuid)
returns text
language sql stable
set search_path = public, pg_temp
as $$
  with run as (select * from allocator_py_runs where id = p_run),
  mine as (select m.* from allocation_run_worker_mappings m
           join run on m.allocation_run = run.allocation_run),
  lines as (select j.* from job_lines j join run on j.allocation_run = run.allocation_run),
  facts (fact) as (
    select concat_ws('|', 'run', r.completed_at, r.is_exclusive, r.included_job_lines, '/',
                     r.included_worker_mappings, '/', a.status)
    from run r join allocationruns a on a.id = r.allocation_run
    union all
    select concat_ws('|', 'worker', m.id, m.worker, m.locked, m.submitted,
                     m.withdrawn_at is null, allocator_console_has_withdrawn(to_jsonb(m)))
    from mine m
    union all
    select concat_ws('|', 'qualification', q.worker_mapping_id, q.qualification_tag_id)
    from run, get_worker_qualifications(run.allocation_run) q
    union all
    select concat_ws('|', 'rank', p.allocation_run_worker_mapping, p.job_line,
                     coalesce(p.order_preference::text, '-'), p.like_dislike_preference)
    from preference_worker_job_lines p join mine on mine.id = p.allocation_run_worker_mapping
    union all
    select concat_ws('|', 'job line', l.id, l.facts -> 'max_n_workers',
                     l.facts -> 'must_have_workers')
    from (select id, to_jsonb(lines) as facts from lines) l
    union all
    select concat_ws('|', 'eligibility', e.job_line, e.included_worker_mapping_ids, '/',
                     e.excluded_worker_mapping_ids, '/', e.included_qualification_tag_ids, '/',
                     e.excluded_qualification_tag_ids)
    from job_line_eligibility e join lines on lines.id = e.job_line
    union all
    select concat_ws('|', 'weighting', w.id, coalesce(w.job_line::text, '-'),
                     coalesce(w.weighting::text, '-'), w.worker_mapping_ids, '/',
                     w.qualification_tag_ids)
    from allocation_run_preferencer_weightings w join run on w.allocation_run = run.allocation_run
    union all
    select concat_ws('|', 'placed', a.allocator_py_run, a.worker_mapping, a.job_line)
    from allocator_py_allocations a
    join allocator_py_runs r on r.id = a.allocator_py_run
    join run on r.allocation_run = run.allocation_run
    where r.completed_at is not null
  )
  -- A sum does not depend on the order of rows and needs no memory for them.
  select md5(concat_ws('|', count(*), sum(hashtextextended(fact, 0)::numeric),
                       sum(hashtextextended(fact, 1)::numeric)))
  from facts
$$;
