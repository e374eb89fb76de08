-- The qualification tags of every worker of an allocation run. A qualification that ended before
-- the clinical year starts, or starts after it ends, does not count; open ends do.

create or replace function get_worker_qualifications(p_allocation_run_id uuid)
returns table (worker_mapping_id uuid, qualification_tag_id uuid)
language sql stable
set search_path = public, pg_temp
as $$
  select distinct m.id, q.qualification_tag
  from allocation_run_worker_mappings m
  join allocationruns r on r.id = m.allocation_run
  join worker_qualifications q on q.worker = m.worker
  where m.allocation_run = p_allocation_run_id
    and (q.end_date is null or r.startdate is null or q.end_date >= r.startdate)
    and (q.start_date is null or r.enddate is null or q.start_date <= r.enddate)
$$;
