-- Row-level security without a policy: anon and authenticated see no row, service_role sees all.

do $$
declare
  t text;
begin
  foreach t in array array[
    'allocationplans', 'allocationruns', 'workers', 'allocation_run_worker_mappings', 'job_lines',
    'preference_worker_job_lines', 'job_line_eligibility', 'qualification_tags',
    'worker_qualifications', 'allocation_run_preferencer_weightings', 'allocator_py_runs',
    'allocator_py_allocations'
  ] loop
    execute format('alter table public.%I enable row level security', t);
  end loop;
end $$;
