-- Who works here, and how they are signed in. Small, shared tables.
create extension if not exists pg_trgm;

create table users (
    id uuid primary key,
    email text not null constraint users_email_key unique check (email = lower(email)),
    name text not null check (length(name) between 1 and 200),
    department text not null check (department in ('marketing', 'sales')),
    role text not null check (role in ('member', 'manager', 'admin')),
    time_zone text not null,
    away_until timestamptz,
    active boolean not null default true,
    password_hash text not null,
    created_at timestamptz not null
);

-- A session's row is found by its secret id. user_id lets a person sign out everywhere.
create table sessions (
    id text primary key,
    user_id uuid references users (id) on delete cascade,
    data jsonb not null,
    started_at timestamptz not null,
    expires_at timestamptz not null
);
create index sessions_user_id on sessions (user_id);
create index sessions_expires_at on sessions (expires_at);

-- The link that makes the first user. Only the hash of its secret is kept.
create table setup_links (
    token_sha256 text primary key,
    expires_at timestamptz not null
);

-- The append-only record of every change: audit trail, timeline and the only feed of notices.
-- subject_id is the lead's id for everything that belongs to a lead.
create table audit_entries (
    subject_id uuid not null,
    id uuid not null,
    subject_kind text not null check (subject_kind in ('lead', 'user', 'agreement', 'import')),
    at timestamptz not null,
    actor_kind text not null check (actor_kind in ('person', 'rule', 'import', 'system')),
    actor_id uuid,
    actor_name text not null,
    verb text not null,
    from_value text,
    to_value text,
    version integer,
    detail jsonb not null default '{}',
    primary key (subject_id, id)
);
create index audit_entries_at on audit_entries using brin (at);

-- Progress of long work, kept so that a closed tab or a restart loses nothing.
create table job_runs (
    id uuid primary key,
    kind text not null,
    label text not null,
    state text not null check (state in ('waiting', 'running', 'done', 'failed')),
    done bigint not null default 0,
    total bigint not null default 0,
    message text,
    cursor text,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index job_runs_created_at on job_runs (created_at desc);
