-- Allocator Console, 11: which version of these files was applied. Apply it last: it also
-- tells the REST API to look again, so that the new functions can be called at once.

create or replace function public.allocator_console_version()
returns text
language sql immutable
set search_path = public, pg_temp
as $$ select '2.2.0' $$;

-- Nobody but the console's service key may call any of it.
do $$
declare
  f regprocedure;
begin
  for f in
    select p.oid::regprocedure from pg_proc p
    where p.pronamespace = 'public'::regnamespace and starts_with(p.proname, 'allocator_console_')
  loop
    execute format('revoke all on function %s from public, anon, authenticated', f);
    execute format('grant execute on function %s to service_role', f);
  end loop;
end $$;

notify pgrst, 'reload schema';
