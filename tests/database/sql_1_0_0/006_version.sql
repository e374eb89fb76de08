-- Allocator Console, 6 of 6: which version of these files was applied. Apply it last: it also
-- tells the REST API to look again, so that the new functions can be called at once.

create or replace function public.allocator_console_version()
returns text
language sql immutable
set search_path = public, pg_temp
as $$ select '1.0.0' $$;

revoke all on function public.allocator_console_version() from public, anon, authenticated;
grant execute on function public.allocator_console_version() to service_role;

notify pgrst, 'reload schema';
