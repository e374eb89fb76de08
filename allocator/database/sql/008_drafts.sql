-- Allocator Console, 8: what an operator has begun on a run and not saved: drafts of
-- scenarios, and marks of what may never move. One row each, replaced as the work goes on. Of one
-- operator the newest 20 stay, and nothing that nobody has touched for 30 days.

create table if not exists public.allocator_console_drafts (
  operator text not null,
  allocator_py_run uuid not null,
  kind text not null,
  name text not null,
  content jsonb not null,
  updated_at timestamptz not null default now(),
  primary key (operator, allocator_py_run, kind, name),
  constraint allocator_console_drafts_size check (octet_length(content::text) <= 2000000)
);
create index if not exists allocator_console_drafts_age
  on public.allocator_console_drafts (updated_at);

alter table public.allocator_console_drafts enable row level security;
revoke all on public.allocator_console_drafts from public, anon, authenticated, service_role;
grant select, insert, update, delete on public.allocator_console_drafts to service_role;

-- Whoever writes, the bounds hold.
create or replace function public.allocator_console_trim_drafts() returns trigger
language plpgsql
set search_path = public, pg_temp
as $$
begin
  delete from allocator_console_drafts where updated_at < now() - interval '30 days';
  delete from allocator_console_drafts d
  using (
    select operator, allocator_py_run, kind, name,
           row_number() over (partition by operator order by updated_at desc) as place
    from allocator_console_drafts where operator in (select operator from written)
  ) as ranked
  where ranked.place > 20 and (d.operator, d.allocator_py_run, d.kind, d.name)
    = (ranked.operator, ranked.allocator_py_run, ranked.kind, ranked.name);
  return null;
end $$;

drop trigger if exists allocator_console_trim_drafts on public.allocator_console_drafts;
create trigger allocator_console_trim_drafts
  after insert on public.allocator_console_drafts
  referencing new table as written
  for each statement execute function public.allocator_console_trim_drafts();
