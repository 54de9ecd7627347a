-- The live checks of a ticket: asked for when it comes and when somebody wants them again, taken beside the pages.

CREATE TABLE snapshots (
    id BIGINT PRIMARY KEY,
    ticket_id BIGINT NOT NULL REFERENCES tickets (id),
    asked_by TEXT NOT NULL CHECK (asked_by IN ('sender', 'staff', 'system')),
    asked_at BIGINT NOT NULL,
    locked_until BIGINT NOT NULL,
    taken_at BIGINT,
    body TEXT
);
CREATE INDEX snapshots_by_ticket ON snapshots (ticket_id, id);
CREATE INDEX snapshots_due ON snapshots (locked_until) WHERE taken_at IS NULL;
