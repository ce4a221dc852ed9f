-- The handoff agreement: numbered versions, and who signed which terms.
create table agreement_versions (
    number integer primary key check (number > 0),
    state text not null check (state in ('draft', 'proposed', 'signed', 'in_force', 'superseded')),
    terms jsonb not null,
    terms_sha256 text not null,
    effective_from timestamptz,
    created_at timestamptz not null
);
-- At most one version is obeyed.
create unique index agreement_versions_in_force on agreement_versions ((true)) where state = 'in_force';

create table agreement_signatures (
    version integer not null references agreement_versions (number) on delete cascade,
    department text not null check (department in ('marketing', 'sales')),
    user_id uuid not null references users (id),
    name text not null,
    terms_sha256 text not null,
    signed_at timestamptz not null,
    primary key (version, department)
);
