-- A version on its way: negotiated as a draft, proposed, signed, and what it was tried on.
alter table agreement_versions
    -- Counts the changes of a draft.
    add column revision bigint not null default 0,
    -- The version that the draft began as a copy of.
    add column based_on integer,
    -- What the version is for, in the words of who proposes it.
    add column note text not null default '',
    add column created_by uuid references users (id),
    add column proposed_by uuid references users (id),
    add column proposed_at timestamptz,
    -- When both departments look at it again.
    add column review_on date,
    -- The back-test that the proposal cites.
    add column back_test_id uuid;
-- One version is negotiated at a time, and one waits for its day.
create unique index agreement_versions_open on agreement_versions ((true)) where state in ('draft', 'proposed');
create unique index agreement_versions_signed on agreement_versions ((true)) where state = 'signed';

-- The negotiation, clause by clause. `place` names the clause as agreement::clauses does.
create table agreement_comments (
    id uuid primary key,
    version integer not null references agreement_versions (number) on delete cascade,
    place text not null check (length(place) between 1 and 200),
    user_id uuid not null references users (id),
    body text not null check (length(body) between 1 and 10000),
    at timestamptz not null,
    -- A comment that was taken back keeps its place in the conversation without its words.
    deleted_at timestamptz
);
create index agreement_comments_version on agreement_comments (version, place, at);

-- Who has read and accepted which version.
create table agreement_acknowledgements (
    version integer not null references agreement_versions (number) on delete cascade,
    user_id uuid not null references users (id),
    at timestamptz not null,
    primary key (version, user_id)
);

-- Replays of the past under terms that are not in force. The terms are kept: a draft goes on changing.
create table back_tests (
    id uuid primary key,
    version integer not null references agreement_versions (number) on delete cascade,
    -- The version in force that it is compared with.
    against integer not null references agreement_versions (number),
    draft_revision bigint not null,
    terms jsonb not null,
    terms_sha256 text not null,
    window_from timestamptz not null,
    window_to timestamptz not null check (window_to > window_from),
    state text not null check (state in ('waiting', 'running', 'done', 'failed', 'cancelled')),
    done bigint not null default 0,
    total bigint not null default 0,
    message text,
    result jsonb,
    created_by uuid not null references users (id),
    created_at timestamptz not null,
    finished_at timestamptz
);
create index back_tests_version on back_tests (version, created_at desc);

-- The leads that the figures of a back-test count, so that each figure opens its list.
create table back_test_leads (
    back_test_id uuid not null references back_tests (id) on delete cascade,
    figure text not null,
    lead_id uuid not null,
    primary key (back_test_id, figure, lead_id)
);

-- Points that were learnt from closed leads, offered to a draft.
create table point_suggestions (
    id uuid primary key,
    version integer not null references agreement_versions (number) on delete cascade,
    draft_revision bigint not null,
    state text not null check (state in ('waiting', 'running', 'done', 'failed')),
    -- What the manager ticked.
    choice jsonb not null,
    result jsonb,
    message text,
    created_by uuid not null references users (id),
    created_at timestamptz not null,
    finished_at timestamptz
);
create index point_suggestions_version on point_suggestions (version, created_at desc);

-- Personas are revised; a fit rule names the revision that it was written for.
alter table personas add column revision integer not null default 1 check (revision > 0);

-- Something that one side contests and a manager of the other side rules on.
create table disputes (
    lead_id uuid not null references leads (id) on delete cascade,
    id uuid not null,
    about text not null check (about in ('claim_breach', 'contact_breach', 'answer_breach', 'category', 'hand_back')),
    handoff_id uuid,
    -- What is contested, as it was: the category, the reason of the hand-back; blank for a breach.
    contested text not null default '',
    version integer not null,
    department text not null check (department in ('marketing', 'sales')),
    opened_by uuid not null,
    body text not null check (length(body) between 1 and 10000),
    opened_at timestamptz not null,
    ruling text check (ruling in ('upheld', 'dismissed')),
    ruled_by uuid,
    ruling_note text,
    ruled_at timestamptz,
    primary key (lead_id, id),
    constraint disputes_ruled_by_someone check ((ruling is null) = (ruled_at is null) and (ruling is null) = (ruled_by is null))
);
create unique index disputes_one_open on disputes (lead_id, about, coalesce(handoff_id, lead_id)) where ruling is null;
-- Open ones first, then the newest.
create index disputes_order on disputes ((ruling is null) desc, opened_at desc, id desc);
create index disputes_opened_at on disputes (opened_at desc);

-- Clocks that were stopped by a person, with the reason.
create table waivers (
    lead_id uuid not null references leads (id) on delete cascade,
    handoff_id uuid not null,
    clock text not null check (clock in ('claim', 'contact', 'answer')),
    user_id uuid not null,
    reason text not null check (length(reason) between 1 and 2000),
    at timestamptz not null,
    primary key (lead_id, handoff_id, clock)
);

-- The number of the version in force with what tells whether its row or a signature was changed: each change of a
-- row leaves another xmin. Read wherever the version in force is, so that a changed row is never obeyed from memory.
create view agreement_in_force as
select v.number,
    concat_ws(':', v.number, v.xmin, (select string_agg(s.xmin::text, ',' order by s.department) from agreement_signatures s where s.version = v.number)) as standing
from agreement_versions v
where v.state = 'in_force';
-- Noted on the handoff too, so that a queue needs no second look.
alter table handoffs
    add column claim_waived boolean not null default false,
    add column contact_waived boolean not null default false,
    add column answer_waived boolean not null default false;
drop index handoffs_waiting_risk;
create index handoffs_waiting_risk on handoffs (queue, claim_due_at, id) include (claim_risk_at, claim_waived) where state = 'offered';
