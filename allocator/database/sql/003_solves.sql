-- Allocator Console, 3: the log of every seed tried on a run, whether committed or not, so
-- that nobody can try seeds in secret: a row for each solve, and one for each seed, operator and kind
-- of work (counts -> 'work') that solves many times. Rows are added, never changed.

create table if not exists public.allocator_console_solves (
  id uuid primary key default gen_random_uuid(),
  allocator_py_run uuid not null,
  operator text not null default '',
  solved_at timestamptz not null default now(),
  seed numeric,
  settings jsonb not null default '{}',
  scenario text not null default '',
  status text not null default '',
  objective double precision,
  bound double precision,
  solver text not null default '',
  fingerprint text not null default '',
  counts jsonb not null default '{}'
);
create index if not exists allocator_console_solves_run
  on public.allocator_console_solves (allocator_py_run, solved_at);

alter table public.allocator_console_solves enable row level security;
revoke all on public.allocator_console_solves from public, anon, authenticated, service_role;
grant select, insert on public.allocator_console_solves to service_role;
