-- Watches: who is told when a network is blocked or lifted, and what there is to tell. Proofs over ranges.

CREATE TABLE watches (
    id BIGINT PRIMARY KEY,
    net TEXT NOT NULL,
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL,
    lang TEXT NOT NULL,
    ticket_id BIGINT NOT NULL REFERENCES tickets (id),
    secret_hash TEXT NOT NULL UNIQUE,
    feed_hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    begun_at BIGINT,
    ended_at BIGINT,
    told_at BIGINT,
    pause BIGINT NOT NULL DEFAULT 0,
    next_at BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX watches_one ON watches (email_folded, net) WHERE ended_at IS NULL;
CREATE INDEX watches_by_ticket ON watches (ticket_id, id);

CREATE TABLE watch_news (
    id BIGINT PRIMARY KEY,
    watch_id BIGINT NOT NULL REFERENCES watches (id),
    block_id BIGINT NOT NULL REFERENCES blocks (id),
    net TEXT NOT NULL,
    what TEXT NOT NULL CHECK (what IN ('blocked', 'lifted', 'ended')),
    at BIGINT NOT NULL,
    told_at BIGINT
);
CREATE INDEX watch_news_by_watch ON watch_news (watch_id, id);
CREATE INDEX watch_news_untold ON watch_news (watch_id) WHERE told_at IS NULL;

-- How far the change log was read for them.
CREATE TABLE watch_log (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    epoch TEXT NOT NULL,
    n BIGINT NOT NULL
);

-- The address that ends what a mail tells of (RFC 8058).
ALTER TABLE outbox ADD COLUMN unsubscribe TEXT;

-- What lets whoever showed control over a range file requests for its addresses, and which requests those are.
ALTER TABLE proofs ADD COLUMN range_hash TEXT;
CREATE UNIQUE INDEX proofs_by_range ON proofs (range_hash) WHERE range_hash IS NOT NULL;
ALTER TABLE tickets ADD COLUMN range_proof_id BIGINT;
CREATE INDEX tickets_by_range ON tickets (range_proof_id, id) WHERE range_proof_id IS NOT NULL;
