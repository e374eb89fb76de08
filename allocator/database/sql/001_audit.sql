-- Allocator Console, 1: the audit table. One row for each committed run, written in the same
-- transaction as the allocations, never changed afterwards. No foreign key, so that the
-- applications that own the run tables may still delete their rows.
--
-- Apply all files in the order of their numbers, to a database without them or with any
-- earlier version of them: rows are kept, and applying them again changes nothing. A table that
-- has changed since an earlier version is altered in place, after its original definition.

-- Older files would undo newer ones.
do $$
begin
  if to_regprocedure('public.allocator_console_version()') is not null then
    if string_to_array(public.allocator_console_version(), '.')::integer[] > array[2, 2, 0] then
      raise exception 'The database has version % of these files, which is newer than 2.2.0.',
        public.allocator_console_version()
        using errcode = 'AC011', hint = 'Update the program that brought these files.';
    end if;
  end if;
end $$;

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

-- Since 2.0.0: which version of the commit function wrote the row.
alter table public.allocator_console_audit
  add column if not exists sql_version text not null default '1.0.0';

alter table public.allocator_console_audit enable row level security;
revoke all on public.allocator_console_audit from public, anon, authenticated, service_role;
grant select, insert on public.allocator_console_audit to service_role;
