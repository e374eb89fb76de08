-- Allocator Console, 1 of 6: the audit table. One row for each committed run, written in the same
-- transaction as the allocations, never changed afterwards. No foreign key, so that the
-- applications that own the run tables may still delete their rows.

create table if not exists public.allocator_console_audit (
  allocator_py_run uuid primary key,
  operator text not null,
  committed_at timestamptz not null default now(),
  n_allocations integer not null,
  objective double precision,
  bound double precision,
  solver text not null default '',
  fingerprint text not null default '',
  settings jsonb not null default '{}',
  scenario jsonb not null default '{}',
  counts jsonb not null default '{}'
);

alter table public.allocator_console_audit enable row level security;
revoke all on public.allocator_console_audit from public, anon, authenticated, service_role;
grant select, insert on public.allocator_console_audit to service_role;
