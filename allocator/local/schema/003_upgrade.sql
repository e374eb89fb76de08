-- A local database that an earlier version made gets the columns and types of 002_tables.sql, its
-- rows kept: a date becomes the start of that day in the plan's zone, an organisation's name
-- becomes a row of orgs.

alter table allocationplans add column if not exists default_term_length_weeks smallint;
alter table workers
  add column if not exists email text,
  add column if not exists telmain text,
  add column if not exists browsing_currentallocationrun uuid references allocationruns;
alter table allocation_run_worker_mappings
  add column if not exists invited_at timestamptz,
  add column if not exists withdrawal_effective_at timestamptz;
alter table allocationruns drop constraint if exists allocationruns_status_check;

do $$
declare
  c record;
begin
  for c in
    select table_name as t from information_schema.columns
    where table_schema = 'public' and column_name = 'org' and data_type = 'text'
      and table_name in ('allocationplans', 'qualification_tags')
  loop
    execute format('insert into orgs (name) select distinct org from %I
                    where org <> '''' and org not in (select name from orgs)', c.t);
    execute format('alter table %I rename column org to org_name', c.t);
    execute format('alter table %I add column org uuid references orgs', c.t);
    execute format('update %I t set org = o.id from orgs o where o.name = t.org_name', c.t);
    execute format('alter table %I drop column org_name', c.t);
  end loop;

  for c in
    select table_name as t, column_name as n from information_schema.columns
    where table_schema = 'public' and data_type = 'date'
      and (table_name, column_name) in (
        ('allocationruns', 'startdate'), ('allocationruns', 'enddate'),
        ('worker_qualifications', 'start_date'), ('worker_qualifications', 'end_date'))
  loop
    execute format('alter table %I alter column %I type timestamptz
                    using %I::timestamp at time zone ''UTC''', c.t, c.n, c.n);
    if c.t = 'allocationruns' then
      execute format('update allocationruns r
                      set %I = (r.%I at time zone ''UTC'') at time zone p.timezone
                      from allocationplans p join pg_timezone_names z on z.name = p.timezone
                      where p.id = r.allocationplan', c.n, c.n);
    end if;
  end loop;

  -- Rows that break the key stay without it: the console names them.
  if not exists (select from pg_constraint where contype = 'p'
                 and conrelid = 'preference_worker_job_lines'::regclass)
    and not exists (select from preference_worker_job_lines
                    group by job_line, allocation_run_worker_mapping having count(*) > 1) then
    alter table preference_worker_job_lines
      add primary key (job_line, allocation_run_worker_mapping);
  end if;
end $$;
