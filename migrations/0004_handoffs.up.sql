-- One pass of the baton under one version of the agreement.
create table handoffs (
    lead_id uuid not null references leads (id) on delete cascade,
    id uuid not null,
    cycle integer not null check (cycle > 0),
    state text not null check (state in ('offered', 'claimed', 'contacted', 'converted', 'handed_back', 'withdrawn')),
    version integer not null,
    queue text not null,
    routing_rule text,
    category text not null,
    fast_track text,
    -- What sales was given, frozen: facts, explained score, recent events.
    packet jsonb not null,
    owner_id uuid,
    -- The moment that made the lead due, from which speed-to-lead counts.
    qualified_at timestamptz not null,
    offered_at timestamptz not null,
    claimed_at timestamptz,
    contacted_at timestamptz,
    closed_at timestamptz,
    claim_risk_at timestamptz not null,
    claim_due_at timestamptz not null,
    contact_risk_at timestamptz,
    contact_due_at timestamptz,
    -- Follows the lead's while the handoff waits, so that a queue is ordered by one index.
    hot_until timestamptz,
    -- how it went back
    hand_back_reason text,
    hand_back_kind text check (hand_back_kind in ('reject', 'recycle', 'disqualify')),
    hand_back_note text,
    nurture_until timestamptz,
    answer_due_at timestamptz,
    answered_at timestamptz,
    answered_by uuid,
    primary key (lead_id, id),
    constraint handoffs_claimed_by_someone check ((state in ('claimed', 'contacted', 'converted')) <= (owner_id is not null and claimed_at is not null)),
    constraint handoffs_closed_when_over check ((state in ('converted', 'handed_back', 'withdrawn')) = (closed_at is not null)),
    constraint handoffs_reason_when_handed_back check ((state = 'handed_back') = (hand_back_reason is not null))
);
-- A lead has at most one open handoff.
create unique index handoffs_one_open on handoffs (lead_id) where closed_at is null;
-- A queue: first what runs out of time, then the hottest.
create index handoffs_waiting_risk on handoffs (queue, claim_due_at, id) include (claim_risk_at) where state = 'offered';
create index handoffs_waiting_hot on handoffs (queue, coalesce(hot_until, '-infinity') desc, id desc) where state = 'offered';
create index handoffs_working on handoffs (owner_id, contact_due_at) where closed_at is null and owner_id is not null;
create index handoffs_to_answer on handoffs (answer_due_at) where state = 'handed_back' and answered_at is null;
create index handoffs_offered_at on handoffs (offered_at);

create table deals (
    lead_id uuid not null references leads (id) on delete cascade,
    id uuid not null,
    handoff_id uuid,
    name text not null check (length(name) between 1 and 200),
    amount numeric(14, 2) not null check (amount >= 0),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    expected_close date not null,
    state text not null check (state in ('open', 'won', 'lost')),
    reason text,
    owner_id uuid not null,
    opened_at timestamptz not null,
    closed_at timestamptz,
    primary key (lead_id, id),
    constraint deals_closed_when_over check ((state = 'open') = (closed_at is null))
);
create index deals_owner on deals (owner_id, expected_close) where state = 'open';
