-- Imports: what was brought in, by whom, how far, and which rows were refused and why.
create table imports (
    id uuid primary key,
    kind text not null check (kind in ('leads', 'events')),
    file_name text not null check (length(file_name) between 1 and 255),
    -- TOML, as the user sees and changes it.
    map text not null,
    -- A trial run judges every row and keeps nothing.
    dry_run boolean not null,
    state text not null check (state in ('draft', 'waiting', 'running', 'done', 'failed')),
    bytes_total bigint not null,
    bytes_done bigint not null default 0,
    rows_read bigint not null default 0,
    rows_added bigint not null default 0,
    rows_known bigint not null default 0,
    rows_refused bigint not null default 0,
    rows_passed_over bigint not null default 0,
    values_left_out bigint not null default 0,
    offered bigint not null default 0,
    -- Why it failed.
    message text,
    created_by uuid,
    created_at timestamptz not null,
    started_at timestamptz,
    finished_at timestamptz
);
create index imports_created_at on imports (created_at desc, id desc);

-- The uploaded file in pieces, so that neither writing nor reading holds all of it. Removed when the import is done.
create table import_files (
    import_id uuid not null references imports (id) on delete cascade,
    position integer not null,
    content bytea not null,
    primary key (import_id, position)
);

create table import_refusals (
    import_id uuid not null references imports (id) on delete cascade,
    row_number bigint not null,
    position integer not null,
    column_name text not null,
    value text not null,
    reason text not null,
    primary key (import_id, row_number, position)
);
