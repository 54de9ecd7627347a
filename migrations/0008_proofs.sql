-- Proofs of control over an address, each for one ticket; the policy's assessment of each ticket.

CREATE TABLE proofs (
    id BIGINT PRIMARY KEY,
    ticket_id BIGINT NOT NULL REFERENCES tickets (id),
    net TEXT NOT NULL,
    web_hash TEXT NOT NULL UNIQUE,
    mail_hash TEXT NOT NULL UNIQUE,
    link_hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    look_at BIGINT,
    mailed_to TEXT,
    mailed_at BIGINT,
    met_way TEXT CHECK (met_way IN ('mail', 'web', 'dns', 'mailbox')),
    met_at BIGINT,
    met_detail TEXT
);
CREATE UNIQUE INDEX proofs_one ON proofs (ticket_id, net);
CREATE INDEX proofs_by_net ON proofs (net);
CREATE INDEX proofs_due ON proofs (look_at) WHERE look_at IS NOT NULL;

ALTER TABLE mail_tokens ADD COLUMN net TEXT;

CREATE TABLE assessments (
    ticket_id BIGINT PRIMARY KEY REFERENCES tickets (id),
    due_at BIGINT,
    locked_until BIGINT NOT NULL,
    at BIGINT,
    outcome TEXT,
    body TEXT,
    origin TEXT,
    lifted_at BIGINT
);
CREATE INDEX assessments_due ON assessments (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX assessments_by_origin ON assessments (origin, lifted_at) WHERE lifted_at IS NOT NULL;
