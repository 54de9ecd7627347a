-- What an import leaves to be settled is found without the rows that are settled already.
CREATE INDEX blocks_to_add ON blocks (state, import_id) WHERE state = 'staged';
CREATE INDEX blocks_to_drop ON blocks (state, dropped_import_id) WHERE state = 'live' AND dropped_import_id IS NOT NULL;
DROP INDEX blocks_to_renew;
CREATE INDEX blocks_to_renew ON blocks (state, next_import_id) WHERE next_evidence_at IS NOT NULL;
