-- Bulk lifts: many blocks lifted by one act, in turns, each as a single lift does; and the way back.

CREATE TABLE bulks (
    id BIGINT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('lifting', 'lifted', 'undoing', 'undone')),
    net TEXT,
    source TEXT,
    cause TEXT,
    reason TEXT NOT NULL,
    probation BIGINT NOT NULL,
    -- The last block that was there: what comes later is not meant.
    upto BIGINT NOT NULL,
    expected BIGINT NOT NULL,
    lifted BIGINT NOT NULL DEFAULT 0,
    restored BIGINT NOT NULL DEFAULT 0,
    actor_kind TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    lifted_at BIGINT,
    undo_kind TEXT,
    undone_by TEXT,
    undone_at BIGINT,
    locked_until BIGINT NOT NULL
);
CREATE INDEX bulks_under_way ON bulks (locked_until) WHERE state IN ('lifting', 'undoing');

-- The bulk lift that lifted it, while that lift stands.
ALTER TABLE blocks ADD COLUMN bulk_id BIGINT;
CREATE INDEX blocks_by_bulk ON blocks (bulk_id, id) WHERE bulk_id IS NOT NULL;
ALTER TABLE probations ADD COLUMN bulk_id BIGINT;
CREATE INDEX probations_by_bulk ON probations (bulk_id, id) WHERE bulk_id IS NOT NULL;
CREATE INDEX exemptions_for_all ON exemptions (net_first) WHERE block_id IS NULL;
