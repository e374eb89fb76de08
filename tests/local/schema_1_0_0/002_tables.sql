-- The tables that the console reads, as the applications that own them define them.
-- Only keys and references are required; everything else has a default or accepts null.

create table if not exists allocationplans (
  id uuid primary key default gen_random_uuid(),
  name text default '',
  org text default '',
  timezone text default 'UTC'
);

create table if not exists allocationruns (
  id uuid primary key default gen_random_uuid(),
  allocationplan uuid not null references allocationplans,
  status text default 'open' check (status in ('open', 'closed', 'archived')),
  startdate date,
  enddate date,
  due_date timestamptz
);

create table if not exists workers (
  id uuid primary key default gen_random_uuid(),
  firstname text default '',
  lastname text default '',
  preferred_name text,
  internal_id text,
  qualificationlevel text
);

create table if not exists allocation_run_worker_mappings (
  id uuid primary key default gen_random_uuid(),
  worker uuid not null references workers,
  allocation_run uuid not null references allocationruns,
  locked bool default false,
  submitted bool default false,
  withdrawn_at timestamptz,
  withdrawal_reason text
);
create index if not exists allocation_run_worker_mappings_allocation_run
  on allocation_run_worker_mappings (allocation_run);

create table if not exists job_lines (
  id uuid primary key default gen_random_uuid(),
  name text default '',
  sort_order smallint default 0,
  allocation_run uuid not null references allocationruns,
  max_n_workers smallint,
  must_have_workers bool
);
create index if not exists job_lines_allocation_run on job_lines (allocation_run);

-- No key on (worker mapping, job line): the owning applications do not promise one, so duplicate
-- rows are a data error that the console has to find.
create table if not exists preference_worker_job_lines (
  allocation_run_worker_mapping uuid not null references allocation_run_worker_mappings,
  job_line uuid not null references job_lines,
  order_preference int,
  like_dislike_preference smallint,
  attractiveness_score float8,
  notes text,
  updated_at timestamptz default now()
);
create index if not exists preference_worker_job_lines_worker
  on preference_worker_job_lines (allocation_run_worker_mapping, job_line);

create table if not exists job_line_eligibility (
  job_line uuid primary key references job_lines,
  included_qualification_tag_ids uuid[] default '{}',
  excluded_qualification_tag_ids uuid[] default '{}',
  included_worker_mapping_ids uuid[] default '{}',
  excluded_worker_mapping_ids uuid[] default '{}',
  updated_at timestamptz default now()
);

create table if not exists qualification_tags (
  id uuid primary key default gen_random_uuid(),
  name text default '',
  org text default ''
);

create table if not exists worker_qualifications (
  id uuid primary key default gen_random_uuid(),
  worker uuid not null references workers,
  qualification_tag uuid not null references qualification_tags,
  start_date date,
  end_date date
);
create index if not exists worker_qualifications_worker on worker_qualifications (worker);

create table if not exists allocation_run_preferencer_weightings (
  id uuid primary key default gen_random_uuid(),
  allocation_run uuid not null references allocationruns,
  job_line uuid references job_lines,
  qualification_tag_ids uuid[] default '{}',
  worker_mapping_ids uuid[] default '{}',
  weighting smallint default 0
);
create index if not exists allocation_run_preferencer_weightings_allocation_run
  on allocation_run_preferencer_weightings (allocation_run);

create table if not exists allocator_py_runs (
  id uuid primary key default gen_random_uuid(),
  allocation_run uuid not null references allocationruns,
  created_at timestamptz default now(),
  queued_at timestamptz,
  completed_at timestamptz,
  is_exclusive bool default false,
  included_job_lines uuid[],
  included_worker_mappings uuid[]
);
create index if not exists allocator_py_runs_allocation_run on allocator_py_runs (allocation_run);

create table if not exists allocator_py_allocations (
  allocator_py_run uuid not null references allocator_py_runs,
  worker_mapping uuid not null references allocation_run_worker_mappings,
  job_line uuid not null references job_lines,
  original_preference real,
  created_at timestamptz default now(),
  primary key (allocator_py_run, worker_mapping)
);
