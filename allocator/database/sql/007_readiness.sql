-- Allocator Console, 7: could a commit work? Looks at what the commit function needs without
-- writing or locking anything. The doctor command calls it with the console's key, whose role's
-- privileges it reports.

create or replace function public.allocator_console_readiness()
returns table (ok boolean, subject text, detail text, remedy text)
language sql stable
set search_path = public, pg_temp
as $$
  with needed (t, privilege, why) as (values
    ('allocator_py_runs', 'select', 'reads it'), ('allocator_py_runs', 'update', 'completes it'),
    ('allocationruns', 'select', 'reads it'), ('allocationruns', 'update', 'locks its row'),
    ('allocation_run_worker_mappings', 'select', 'reads it'),
    ('allocation_run_worker_mappings', 'update', 'locks its rows'),
    ('job_lines', 'select', 'reads it'), ('job_lines', 'update', 'locks its rows'),
    ('preference_worker_job_lines', 'select', 'reads it'),
    ('job_line_eligibility', 'select', 'reads it'),
    ('allocation_run_preferencer_weightings', 'select', 'reads it'),
    ('worker_qualifications', 'select', 'reads it'),
    ('allocator_py_allocations', 'select', 'reads it'),
    ('allocator_py_allocations', 'insert', 'writes the placements'),
    ('allocator_console_audit', 'select', 'reads it'),
    ('allocator_console_audit', 'insert', 'writes its row')
  ),
  tables as (select distinct t, to_regclass(format('public.%I', t)) as oid from needed),
  -- The columns of allocator_py_allocations that the commit function leaves to the database.
  left_out as (
    select a.attrelid, a.attnum, a.attname, a.attnotnull, d.oid as default_oid,
           a.attidentity <> '' or a.attgenerated <> '' or d.oid is not null as fills_itself
    from pg_attribute a
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = to_regclass('public.allocator_py_allocations')
      and a.attnum > 0 and not a.attisdropped
      and a.attname not in ('allocator_py_run', 'worker_mapping', 'job_line',
                            'original_preference')
  )
  select false, 'Table ' || t, 'It does not exist.', 'Ask the owner of the database to add it.'
  from tables where oid is null

  union all
  select false, 'Table ' || n.t, format('The commit %s, but %s may not %s.', n.why, current_user,
                                        n.privilege),
         format('grant %s on public.%I to %I;', n.privilege, n.t, current_user)
  from needed n join tables using (t)
  where oid is not null and not has_table_privilege(oid, n.privilege)

  union all
  select false, 'Table ' || t,
         format('Row-level security hides its rows from %s.', current_user),
         format('alter role %I bypassrls;', current_user)
  from tables where oid is not null and row_security_active(oid)

  union all
  select false, 'Function ' || p.oid::regprocedure,
         format('%s may not call it.', current_user),
         format('grant execute on function %s to %I;', p.oid::regprocedure, current_user)
  from pg_proc p
  where p.pronamespace = 'public'::regnamespace and not has_function_privilege(p.oid, 'execute')
    and (starts_with(p.proname, 'allocator_console_') or p.proname = 'get_worker_qualifications')

  union all
  select false, 'Column allocator_py_allocations.' || attname,
         'It must not be null and has no default; the commit does not know it.',
         format('alter table public.allocator_py_allocations alter column %I drop not null;',
                attname)
  from left_out where attnotnull and not fills_itself

  union all
  select false, 'Sequence ' || s.oid::regclass,
         format('Column %s of allocator_py_allocations takes its next value, but %s may not.',
                l.attname, current_user),
         format('grant usage on sequence %s to %I;', s.oid::regclass, current_user)
  from left_out l
  join pg_depend d on d.classid = 'pg_attrdef'::regclass and d.objid = l.default_oid
    and d.refclassid = 'pg_class'::regclass
  join pg_class s on s.oid = d.refobjid
  where case when s.relkind = 'S' then not has_sequence_privilege(s.oid, 'usage') end

  union all
  select true, 'Trigger ' || t.tgname,
         format('It runs %s at a commit, with the rights of %s; what it needs cannot be seen.',
                t.tgfoid::regproc,
                case when p.prosecdef then pg_get_userbyid(p.proowner) else current_user end),
         ''
  from pg_trigger t join pg_proc p on p.oid = t.tgfoid
  where not t.tgisinternal and t.tgenabled <> 'D'
    and ((t.tgrelid = to_regclass('public.allocator_py_runs') and t.tgtype::integer & 16 > 0)
      or (t.tgrelid = to_regclass('public.allocator_py_allocations')
          and t.tgtype::integer & 4 > 0))
  order by 1, 2, 3
$$;
