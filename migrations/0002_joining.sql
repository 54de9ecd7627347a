-- A request that joins an open ticket is a ticket row of its own, seen by nobody but who sent it: `joined_to` names the
-- open one, to which its messages and evidence belong; `join_id` says through which row they came.
ALTER TABLE tickets ADD COLUMN joined_to BIGINT REFERENCES tickets (id);
CREATE INDEX tickets_by_joined ON tickets (joined_to) WHERE joined_to IS NOT NULL;
ALTER TABLE messages ADD COLUMN join_id BIGINT REFERENCES tickets (id);
CREATE INDEX messages_by_join ON messages (join_id, id) WHERE join_id IS NOT NULL;
ALTER TABLE evidence ADD COLUMN join_id BIGINT REFERENCES tickets (id);
CREATE INDEX evidence_by_join ON evidence (join_id, id) WHERE join_id IS NOT NULL;

-- Since when a ticket waits for staff: who writes again is not pushed back by it.
ALTER TABLE tickets ADD COLUMN queued_at BIGINT NOT NULL DEFAULT 0;
UPDATE tickets SET queued_at = updated_at;
DROP INDEX tickets_open;
CREATE INDEX tickets_queue ON tickets (queued_at, id) WHERE state <> 'resolved' AND joined_to IS NULL;

-- The submitter's address goes with the evidence.
CREATE INDEX tickets_with_client ON tickets (created_at) WHERE client <> '';

-- Who holds a piece that no ticket took yet: the network of the visitor.
ALTER TABLE evidence ADD COLUMN held_by TEXT;
CREATE INDEX evidence_by_holder ON evidence (held_by, size) WHERE ticket_id IS NULL AND purged_at IS NULL;

-- What an import that is coming in makes of an entry that is there already; it counts with the activation.
ALTER TABLE blocks ADD COLUMN next_import_id BIGINT REFERENCES imports (id);
ALTER TABLE blocks ADD COLUMN next_until BIGINT;
ALTER TABLE blocks ADD COLUMN next_evidence_at BIGINT;
CREATE INDEX blocks_by_renewal ON blocks (next_import_id, id) WHERE next_import_id IS NOT NULL;
CREATE INDEX blocks_to_renew ON blocks (id) WHERE next_evidence_at IS NOT NULL;
