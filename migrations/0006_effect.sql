-- Who follows the block list, and how far the effect of each lift is confirmed.

CREATE TABLE followers (
    name TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    pid BIGINT NOT NULL,
    version TEXT NOT NULL,
    listeners TEXT NOT NULL,
    epoch TEXT NOT NULL,
    number BIGINT NOT NULL,
    digest TEXT NOT NULL,
    blocks BIGINT NOT NULL,
    hits BIGINT NOT NULL,
    drifts BIGINT NOT NULL DEFAULT 0,
    drifted_at BIGINT,
    compared_at BIGINT,
    started_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX followers_by_time ON followers (seen_at);

CREATE TABLE confirmations (
    id BIGINT PRIMARY KEY,
    net TEXT NOT NULL,
    block_id BIGINT NOT NULL REFERENCES blocks (id),
    ticket_id BIGINT REFERENCES tickets (id),
    epoch TEXT NOT NULL,
    number BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('requested', 'confirmed', 'late', 'failed')),
    requested_at BIGINT NOT NULL,
    settled_at BIGINT,
    next_at BIGINT NOT NULL,
    locked_until BIGINT NOT NULL
);
CREATE INDEX confirmations_due ON confirmations (next_at) WHERE settled_at IS NULL;
CREATE INDEX confirmations_by_ticket ON confirmations (ticket_id, id) WHERE ticket_id IS NOT NULL;
CREATE INDEX confirmations_by_block ON confirmations (block_id, id);

CREATE TABLE confirmation_steps (
    confirmation_id BIGINT NOT NULL REFERENCES confirmations (id),
    kind TEXT NOT NULL CHECK (kind IN ('commit', 'listener', 'follower', 'edge', 'resolver')),
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('requested', 'confirmed', 'late', 'failed')),
    what TEXT NOT NULL,
    value TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (confirmation_id, kind, name)
);

CREATE TABLE resolvers (
    address TEXT PRIMARY KEY,
    answer TEXT NOT NULL,
    value TEXT NOT NULL,
    took BIGINT NOT NULL,
    asked_at BIGINT NOT NULL,
    good_at BIGINT
);

-- A mail that waits until its lift is confirmed, and when it would have gone without that.
ALTER TABLE outbox ADD COLUMN confirmation_id BIGINT;
ALTER TABLE outbox ADD COLUMN due_at BIGINT;
CREATE INDEX outbox_waiting ON outbox (confirmation_id) WHERE due_at IS NOT NULL;

-- An import can be taken back: by another one that ends what it brought, brings back what it ended, and gives entries that
-- it renewed the values that they had.
ALTER TABLE imports ADD COLUMN undo_of BIGINT REFERENCES imports (id);
ALTER TABLE imports ADD COLUMN undone_at BIGINT;
-- The change that put it into force: clocks of several machines do not tell which of two was later.
ALTER TABLE imports ADD COLUMN number BIGINT NOT NULL DEFAULT 0;
ALTER TABLE blocks ADD COLUMN origin_import_id BIGINT;
CREATE INDEX blocks_by_origin ON blocks (origin_import_id, id) WHERE origin_import_id IS NOT NULL;
ALTER TABLE blocks ADD COLUMN prev_import_id BIGINT;
ALTER TABLE blocks ADD COLUMN prev_until BIGINT;
ALTER TABLE blocks ADD COLUMN prev_evidence_at BIGINT;
CREATE INDEX blocks_by_renewed ON blocks (prev_import_id, id) WHERE prev_import_id IS NOT NULL;
