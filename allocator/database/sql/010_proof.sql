-- Allocator Console, 10: what a committed run can be checked with afterwards.
--
-- Proofs: the bundle that verify.py reads, compressed, one for each commit, written by the commit
-- in its transaction. Seals: what was fixed before a random number was known, and that number.
-- Nobody writes to either table but the functions below, which run with the rights of their owner.

create table if not exists public.allocator_console_proofs (
  allocator_py_run uuid primary key,
  digest text not null,
  bundle text not null,
  stored_at timestamptz not null default now()
);

create table if not exists public.allocator_console_seals (
  id uuid primary key default gen_random_uuid(),
  allocator_py_run uuid not null,
  content text not null,
  hash text not null,
  data_digest text not null,
  source text not null,
  not_before timestamptz not null,
  sealed_by text not null,
  sealed_at timestamptz not null default now(),
  number text,
  entered_by text,
  entered_at timestamptz,
  seed numeric,
  broken_by text,
  broken_at timestamptz,
  reason text
);
-- At most one seal of a run holds at a time.
create unique index if not exists allocator_console_seals_holding
  on public.allocator_console_seals (allocator_py_run) where broken_at is null;

alter table public.allocator_console_proofs enable row level security;
alter table public.allocator_console_seals enable row level security;
revoke all on public.allocator_console_proofs, public.allocator_console_seals
  from public, anon, authenticated, service_role;
grant select on public.allocator_console_proofs, public.allocator_console_seals to service_role;

-- Keeps the bundle of the commit that is going on; does nothing for a commit that brings none, and
-- nothing outside a commit (its run was completed at this transaction's own time).
create or replace function public.allocator_console_store_proof(p_run uuid, p_audit jsonb)
returns void
language sql security definer
set search_path = public, pg_temp
as $$
  insert into allocator_console_proofs (allocator_py_run, digest, bundle)
  select p_run, p_audit ->> 'proof_digest', p_audit ->> 'proof'
  from allocator_py_runs r
  where r.id = p_run and r.completed_at = now()
    and p_audit ->> 'proof' is not null and p_audit ->> 'proof_digest' is not null
$$;

-- The seed of a sealed draw: the first 52 bits of SHA-256 over the seal's hash, a bar and the
-- number. (allocator.proof.seal.derived_seed is the same in Python.)
create or replace function public.allocator_console_derived_seed(p_hash text, p_number text)
returns numeric
language sql immutable
set search_path = public, pg_temp
as $$
  select ('x' || left(encode(sha256(convert_to(p_hash || '|' || p_number, 'UTF8')), 'hex'), 13)
         )::bit(52)::bigint::numeric
$$;

-- AC012: seals a pending run. p_content is the text whose SHA-256 is the seal's hash; a JSON object
-- with run, fingerprint, settings (without seed), scenario, source and not_before.
create or replace function public.allocator_console_seal(
  p_run uuid, p_content text, p_operator text
) returns jsonb
language plpgsql security definer
set search_path = public, pg_temp
as $$
declare
  said constant jsonb := p_content::jsonb;
  run allocator_py_runs;
  made allocator_console_seals;
begin
  if btrim(coalesce(p_operator, '')) = '' or btrim(coalesce(said ->> 'source', '')) = '' then
    raise exception 'A seal says who sealed and where the number will come from.'
      using errcode = 'AC012';
  end if;
  select * into run from allocator_py_runs r where r.id = p_run for update;
  if not found or said ->> 'run' is distinct from p_run::text then
    raise exception 'There is no allocator run %.', p_run using errcode = 'AC005';
  end if;
  if run.completed_at is not null then
    raise exception 'The run is completed; there is nothing to seal.' using errcode = 'AC012';
  end if;
  if (said ->> 'not_before')::timestamptz is null
      or (said ->> 'not_before')::timestamptz <= now() then
    raise exception 'The number must come from a draw that is still to be made.'
      using errcode = 'AC012';
  end if;
  if exists (select from allocator_console_seals s
             where s.allocator_py_run = p_run and s.broken_at is null) then
    raise exception 'The run is sealed already; break that seal first.' using errcode = 'AC012';
  end if;
  insert into allocator_console_seals
    (allocator_py_run, content, hash, data_digest, source, not_before, sealed_by)
  values (p_run, p_content, encode(sha256(convert_to(p_content, 'UTF8')), 'hex'),
          allocator_console_digest(p_run), said ->> 'source',
          (said ->> 'not_before')::timestamptz, btrim(p_operator))
  returning * into made;
  return to_jsonb(made);
end $$;

-- AC012: enters the number of the draw, once, after its time.
create or replace function public.allocator_console_enter_draw(
  p_run uuid, p_number text, p_operator text
) returns jsonb
language plpgsql security definer
set search_path = public, pg_temp
as $$
declare
  held allocator_console_seals;
begin
  select * into held from allocator_console_seals s
  where s.allocator_py_run = p_run and s.broken_at is null for update;
  if not found then
    raise exception 'The run is not sealed.' using errcode = 'AC012';
  end if;
  if now() < held.not_before then
    raise exception 'The draw is still to be made (not before %).', held.not_before
      using errcode = 'AC012';
  end if;
  if held.number is not null then
    raise exception 'The number was entered already by %.', held.entered_by
      using errcode = 'AC012';
  end if;
  if btrim(coalesce(p_operator, '')) = '' or coalesce(p_number, '') !~ '^[0-9]+( [0-9]+)*$' then
    raise exception 'The number is digits in groups with one blank between them, entered by name.'
      using errcode = 'AC012';
  end if;
  update allocator_console_seals s
  set number = p_number, entered_by = btrim(p_operator), entered_at = now(),
      seed = allocator_console_derived_seed(held.hash, p_number)
  where s.id = held.id returning * into held;
  return to_jsonb(held);
end $$;

-- AC012: breaks the seal that holds, by name and with a reason, both kept for ever.
create or replace function public.allocator_console_break_seal(
  p_run uuid, p_operator text, p_reason text
) returns jsonb
language plpgsql security definer
set search_path = public, pg_temp
as $$
declare
  held allocator_console_seals;
begin
  if btrim(coalesce(p_operator, '')) = '' or btrim(coalesce(p_reason, '')) = '' then
    raise exception 'A seal is broken by name and with a reason.' using errcode = 'AC012';
  end if;
  if exists (select from allocator_py_runs r where r.id = p_run and r.completed_at is not null) then
    raise exception 'The run is completed; its seal stays.' using errcode = 'AC012';
  end if;
  update allocator_console_seals s
  set broken_by = btrim(p_operator), broken_at = now(), reason = btrim(p_reason)
  where s.allocator_py_run = p_run and s.broken_at is null returning * into held;
  if not found then
    raise exception 'The run is not sealed.' using errcode = 'AC012';
  end if;
  return to_jsonb(held);
end $$;

-- AC012: a sealed run takes the seed of its draw, and the settings, scenario and data that were
-- sealed, and nothing else. Nothing is asked of a run without a seal.
create or replace function public.allocator_console_check_seal(p_run uuid, p_audit jsonb)
returns void
language plpgsql
set search_path = public, pg_temp
as $$
declare
  held allocator_console_seals;
  said jsonb;
begin
  select * into held from allocator_console_seals s
  where s.allocator_py_run = p_run and s.broken_at is null;
  if not found then
    return;
  end if;
  said := held.content::jsonb;
  if held.seed is null then
    raise exception 'The run is sealed until its draw is entered.' using errcode = 'AC012';
  end if;
  if (p_audit #>> '{settings,seed}')::numeric is distinct from held.seed then
    raise exception 'The run is sealed: the seed is that of the draw, %.', held.seed
      using errcode = 'AC012';
  end if;
  if (p_audit -> 'settings') - 'seed' is distinct from said -> 'settings' then
    raise exception 'The run is sealed with other settings.' using errcode = 'AC012';
  end if;
  if coalesce(nullif(p_audit -> 'scenario', 'null'), '{}') is distinct from said -> 'scenario' then
    raise exception 'The run is sealed with another scenario.' using errcode = 'AC012';
  end if;
  if p_audit ->> 'fingerprint' is distinct from said ->> 'fingerprint'
      or allocator_console_digest(p_run) <> held.data_digest then
    raise exception 'The run is sealed with other data than it has now.' using errcode = 'AC012';
  end if;
end $$;
