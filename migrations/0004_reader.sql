-- Which version of the reader read a piece of evidence, so that it is read again when the reader gets better.
ALTER TABLE evidence ADD COLUMN reader BIGINT NOT NULL DEFAULT 0;
CREATE INDEX evidence_by_reader ON evidence (reader, id) WHERE ticket_id IS NOT NULL AND purged_at IS NULL;
