-- Portable SQL for SQLite and PostgreSQL: TEXT and BIGINT columns, BYTEA for bytes as they came.
-- Times are Unix milliseconds. A network is its text and its first and last address as 32 hexadecimal digits.

CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE staff (
    id BIGINT PRIMARY KEY,
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('reader', 'agent', 'lead', 'admin')),
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    signed_in_at BIGINT,
    disabled_at BIGINT
);

CREATE TABLE staff_sessions (
    token_hash TEXT PRIMARY KEY,
    staff_id BIGINT NOT NULL REFERENCES staff (id),
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    client TEXT NOT NULL
);
CREATE INDEX staff_sessions_by_staff ON staff_sessions (staff_id);

CREATE TABLE setup_links (
    token_hash TEXT PRIMARY KEY,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

CREATE TABLE api_tokens (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    token_hash TEXT NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    revoked_at BIGINT
);

CREATE TABLE imports (
    id BIGINT PRIMARY KEY,
    source TEXT NOT NULL,
    file_name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('staging', 'active', 'abandoned')),
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    activated_at BIGINT,
    settled_at BIGINT,
    added BIGINT NOT NULL DEFAULT 0,
    kept BIGINT NOT NULL DEFAULT 0,
    held BIGINT NOT NULL DEFAULT 0,
    dropped BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX imports_one_staging ON imports (source) WHERE state = 'staging';

CREATE TABLE blocks (
    id BIGINT PRIMARY KEY,
    net TEXT NOT NULL,
    net_first TEXT NOT NULL,
    net_last TEXT NOT NULL,
    cause TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('reject', 'defer')),
    case_code TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL,
    note TEXT NOT NULL,
    evidence_at BIGINT NOT NULL,
    since BIGINT NOT NULL,
    until BIGINT,
    state TEXT NOT NULL CHECK (state IN ('staged', 'live', 'lifted', 'expired', 'dropped')),
    import_id BIGINT REFERENCES imports (id),
    seen_import_id BIGINT,
    dropped_import_id BIGINT REFERENCES imports (id),
    created_by TEXT NOT NULL,
    lifted_at BIGINT,
    lifted_by TEXT,
    lift_reason TEXT,
    released_at BIGINT,
    hits BIGINT NOT NULL DEFAULT 0,
    first_hit_at BIGINT,
    last_hit_at BIGINT
);
CREATE UNIQUE INDEX blocks_one_live ON blocks (net, source) WHERE state = 'live';
CREATE INDEX blocks_by_net ON blocks (net);
CREATE INDEX blocks_by_first ON blocks (net_first);
CREATE INDEX blocks_by_until ON blocks (until) WHERE state = 'live' AND until IS NOT NULL;
CREATE INDEX blocks_by_import ON blocks (import_id, id) WHERE import_id IS NOT NULL;
CREATE INDEX blocks_by_drop ON blocks (dropped_import_id, id) WHERE dropped_import_id IS NOT NULL;
CREATE UNIQUE INDEX blocks_one_staged ON blocks (import_id, net) WHERE state = 'staged';
CREATE INDEX blocks_by_source ON blocks (source, state, net);

CREATE TABLE exemptions (
    id BIGINT PRIMARY KEY,
    net TEXT NOT NULL,
    net_first TEXT NOT NULL,
    net_last TEXT NOT NULL,
    block_id BIGINT REFERENCES blocks (id),
    since BIGINT NOT NULL,
    until BIGINT,
    note TEXT NOT NULL,
    created_by TEXT NOT NULL,
    ended_at BIGINT,
    ended_by TEXT
);
CREATE INDEX exemptions_by_net ON exemptions (net);
CREATE INDEX exemptions_by_block ON exemptions (block_id) WHERE block_id IS NOT NULL;

CREATE TABLE tickets (
    id BIGINT PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('unblock', 'connections-refused', 'marked-as-spam', 'delayed', 'mail-is-missing', 'abuse-from-your-network', 'other')),
    state TEXT NOT NULL CHECK (state IN ('new', 'open', 'waiting', 'resolved')),
    resolution TEXT CHECK (resolution IN ('lifted', 'not-blocked', 'not-ours', 'answered', 'declined', 'withdrawn', 'no-reply')),
    suspected TEXT,
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL,
    name TEXT NOT NULL,
    lang TEXT NOT NULL,
    once_hash TEXT UNIQUE,
    assignee_id BIGINT REFERENCES staff (id),
    version BIGINT NOT NULL,
    client TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    resolved_at BIGINT,
    CHECK ((state = 'resolved') = (resolution IS NOT NULL))
);
CREATE INDEX tickets_open ON tickets (updated_at, id) WHERE state <> 'resolved';
CREATE INDEX tickets_by_update ON tickets (updated_at, id);
CREATE INDEX tickets_by_email ON tickets (email_folded, id);
CREATE INDEX tickets_by_assignee ON tickets (assignee_id, updated_at, id) WHERE assignee_id IS NOT NULL;

CREATE TABLE ticket_links (
    secret_hash TEXT PRIMARY KEY,
    ticket_id BIGINT NOT NULL REFERENCES tickets (id),
    created_at BIGINT NOT NULL
);
CREATE INDEX ticket_links_by_ticket ON ticket_links (ticket_id);

CREATE TABLE probations (
    id BIGINT PRIMARY KEY,
    net TEXT NOT NULL,
    net_first TEXT NOT NULL,
    net_last TEXT NOT NULL,
    cause TEXT NOT NULL,
    since BIGINT NOT NULL,
    until BIGINT NOT NULL,
    ticket_id BIGINT REFERENCES tickets (id),
    created_by TEXT NOT NULL,
    ended_at BIGINT,
    ended_why TEXT
);
CREATE INDEX probations_by_net ON probations (net);
CREATE INDEX probations_by_first ON probations (net_first);

CREATE TABLE ticket_networks (
    ticket_id BIGINT NOT NULL REFERENCES tickets (id),
    net TEXT NOT NULL,
    net_first TEXT NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('typed', 'evidence', 'case')),
    PRIMARY KEY (ticket_id, net)
);
CREATE INDEX ticket_networks_by_net ON ticket_networks (net);
CREATE INDEX ticket_networks_by_first ON ticket_networks (net_first);

CREATE TABLE messages (
    id BIGINT PRIMARY KEY,
    ticket_id BIGINT NOT NULL REFERENCES tickets (id),
    at BIGINT NOT NULL,
    author_kind TEXT NOT NULL CHECK (author_kind IN ('sender', 'unverified', 'staff', 'note')),
    author TEXT NOT NULL,
    text TEXT NOT NULL,
    once_hash TEXT UNIQUE,
    purged_at BIGINT
);
CREATE INDEX messages_by_ticket ON messages (ticket_id, id);
CREATE INDEX messages_to_purge ON messages (at) WHERE purged_at IS NULL;

CREATE TABLE evidence (
    id BIGINT PRIMARY KEY,
    held_hash TEXT UNIQUE,
    ticket_id BIGINT REFERENCES tickets (id),
    form TEXT NOT NULL CHECK (form IN ('pasted', 'file')),
    author_kind TEXT NOT NULL CHECK (author_kind IN ('sender', 'unverified', 'staff')),
    name TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    text TEXT NOT NULL,
    findings TEXT,
    fully_read TEXT NOT NULL CHECK (fully_read IN ('yes', 'no')),
    created_at BIGINT NOT NULL,
    purged_at BIGINT
);
CREATE INDEX evidence_by_ticket ON evidence (ticket_id, id);
CREATE INDEX evidence_held ON evidence (created_at) WHERE ticket_id IS NULL;
CREATE INDEX evidence_to_purge ON evidence (created_at) WHERE purged_at IS NULL;

CREATE TABLE evidence_chunks (
    evidence_id BIGINT NOT NULL REFERENCES evidence (id),
    n BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (evidence_id, n)
);

CREATE TABLE events (
    id BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor_kind TEXT NOT NULL CHECK (actor_kind IN ('sender', 'staff', 'program', 'operator', 'system')),
    actor TEXT NOT NULL,
    what TEXT NOT NULL,
    detail TEXT NOT NULL,
    ticket_id BIGINT REFERENCES tickets (id),
    block_id BIGINT REFERENCES blocks (id),
    net TEXT
);
CREATE INDEX events_by_ticket ON events (ticket_id, id) WHERE ticket_id IS NOT NULL;
CREATE INDEX events_by_block ON events (block_id, id) WHERE block_id IS NOT NULL;
CREATE INDEX events_by_net ON events (net, id) WHERE net IS NOT NULL;
CREATE INDEX events_by_actor ON events (actor, id);

CREATE TABLE outbox (
    id BIGINT PRIMARY KEY,
    message_id TEXT NOT NULL UNIQUE,
    ticket_id BIGINT REFERENCES tickets (id),
    notice TEXT NOT NULL,
    recipient TEXT NOT NULL,
    recipient_folded TEXT NOT NULL,
    token TEXT NOT NULL,
    in_reply_to TEXT,
    auto TEXT NOT NULL CHECK (auto IN ('auto-generated', 'auto-replied', 'no')),
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'failed')),
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    locked_until BIGINT NOT NULL,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    sent_at BIGINT
);
CREATE INDEX outbox_due ON outbox (next_at) WHERE state = 'queued';
CREATE INDEX outbox_by_ticket ON outbox (ticket_id, id);
CREATE INDEX outbox_by_recipient ON outbox (recipient_folded, created_at);

CREATE TABLE mail_tokens (
    token_hash TEXT PRIMARY KEY,
    id BIGINT NOT NULL UNIQUE,
    purpose TEXT NOT NULL CHECK (purpose IN ('ticket', 'proof')),
    ticket_id BIGINT NOT NULL REFERENCES tickets (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX mail_tokens_by_end ON mail_tokens (expires_at);

CREATE TABLE block_counter (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    n BIGINT NOT NULL,
    epoch TEXT NOT NULL
);

CREATE TABLE block_changes (
    n BIGINT PRIMARY KEY,
    subject TEXT NOT NULL CHECK (subject IN ('block', 'exemption', 'probation', 'import', 'token')),
    subject_id BIGINT NOT NULL,
    at BIGINT NOT NULL
);

CREATE TABLE rate_counts (
    bucket TEXT NOT NULL,
    slot BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (bucket, slot)
);
CREATE INDEX rate_counts_by_slot ON rate_counts (slot);

CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until BIGINT NOT NULL
);
