-- What a lead can be traced to. Small, shared tables.
create table campaigns (
    id uuid primary key,
    name text not null constraint campaigns_name_key unique check (length(name) between 1 and 200),
    created_at timestamptz not null
);

create table personas (
    id uuid primary key,
    key text not null constraint personas_key_key unique check (key ~ '^[a-z][a-z0-9_]*$'),
    name text not null check (length(name) between 1 and 200),
    created_at timestamptz not null
);

-- Typed custom fields: used in rules like built-in ones, as custom.<key>.
create table custom_fields (
    key text primary key check (key ~ '^[a-z][a-z0-9_]*$'),
    label text not null check (length(label) between 1 and 100),
    kind text not null check (kind in ('text', 'number', 'bool', 'date')),
    created_at timestamptz not null
);

-- Lead-owned tables carry no foreign keys to one another's rows across leads, begin their primary key
-- with the lead, and have no triggers, so that they can be distributed by lead.
create table leads (
    id uuid primary key,
    -- facts
    name text,
    email text,
    phone text,
    title text,
    seniority text,
    company text,
    domain text,
    industry text,
    employees bigint check (employees >= 0),
    country text,
    city text,
    source text,
    campaign_id uuid,
    persona_id uuid,
    first_touch jsonb not null default '{}',
    last_touch jsonb not null default '{}',
    custom jsonb not null default '{}',
    -- consent
    may_store boolean not null,
    may_contact boolean not null,
    consent_basis text,
    consent_source text,
    consent_at timestamptz,
    do_not_contact boolean not null default false,
    -- lifecycle
    status text not null,
    stage text not null check (stage in ('inquiry', 'mql', 'sal', 'sql', 'customer', 'lost', 'disqualified')),
    status_since timestamptz not null,
    owner_id uuid,
    cycles integer not null default 0,
    -- Not offered again before this: the later of cool-off and nurture-until.
    rest_until timestamptz,
    -- judgement: what the agreement in force makes of the facts and events
    fit smallint not null check (fit between 0 and 100),
    good_fit boolean not null,
    interest jsonb,
    hot_until timestamptz,
    fast_track text,
    fast_track_at timestamptz,
    judged_version integer not null,
    -- bookkeeping
    revision bigint not null default 0,
    import_id uuid,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    search_text text not null generated always as (
        lower(coalesce(name, '') || ' ' || coalesce(email, '') || ' ' || coalesce(company, ''))
    ) stored
);
-- One index for each order of the list; a lead without interest sorts last.
create index leads_hot on leads (coalesce(hot_until, '-infinity') desc, id desc);
create index leads_category on leads (good_fit, coalesce(hot_until, '-infinity') desc, id desc);
create index leads_status on leads (status, coalesce(hot_until, '-infinity') desc, id desc) include (good_fit, hot_until);
create index leads_fit on leads (fit desc, id desc);
create index leads_created on leads (created_at desc, id desc);
create index leads_name on leads (lower(coalesce(name, '')), id);
create index leads_owner on leads (owner_id, coalesce(hot_until, '-infinity') desc, id desc) where owner_id is not null;
create index leads_source on leads (source, coalesce(hot_until, '-infinity') desc, id desc);
create index leads_search on leads using gin (search_text gin_trgm_ops);
create index leads_rest on leads (rest_until) where rest_until is not null;
create index leads_import on leads (import_id) where import_id is not null;

-- One way to recognise a lead. Keyed by its value: the same identity never belongs to two leads.
create table identities (
    kind text not null check (kind in ('email', 'phone', 'external', 'visitor')),
    value text not null check (length(value) between 1 and 320),
    lead_id uuid not null,
    primary key (kind, value)
);
create index identities_lead on identities (lead_id);

-- Engagement, append-only, partitioned by month of occurrence.
create table events (
    lead_id uuid not null,
    occurred_at timestamptz not null,
    id uuid not null,
    kind text not null,
    properties jsonb not null default '{}',
    source text not null,
    idempotency_key text not null,
    received_at timestamptz not null,
    import_id uuid,
    primary key (lead_id, occurred_at, id)
) partition by range (occurred_at);
-- The same source and key count once for a lead, whatever time a retry names.
create index events_key on events (lead_id, source, idempotency_key);
-- Takes what no monthly partition covers, such as a history older than the installation.
create table events_default partition of events default;

-- What people did on a lead: call, e-mail, meeting, note.
create table activities (
    lead_id uuid not null references leads (id) on delete cascade,
    id uuid not null,
    kind text not null check (kind in ('call', 'email', 'meeting', 'note')),
    outcome text check (outcome in ('connected', 'no_answer', 'left_message', 'sent', 'replied', 'held', 'no_show', 'bounced')),
    body text not null default '',
    user_id uuid not null,
    handoff_id uuid,
    at timestamptz not null,
    primary key (lead_id, id)
);
