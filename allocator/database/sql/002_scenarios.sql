-- Allocator Console, 2: saved scenarios (changes to settings, weightings, eligibility,
-- capacities and pins) of an allocator run. They never touch the run's own tables.

create table if not exists public.allocator_console_scenarios (
  id uuid primary key default gen_random_uuid(),
  allocator_py_run uuid not null,
  name text not null,
  operator text not null default '',
  definition jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (allocator_py_run, name)
);

alter table public.allocator_console_scenarios enable row level security;
revoke all on public.allocator_console_scenarios from public, anon, authenticated, service_role;
grant select, insert, update, delete on public.allocator_console_scenarios to service_role;
