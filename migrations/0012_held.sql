-- Requests beyond the limits: each waits until its mail address is confirmed, then becomes a ticket. The secret of one
-- opens all of the same address; a confirmed one stays, empty, until its time is over, so that the link goes on working.

CREATE TABLE held_requests (
    id BIGINT PRIMARY KEY,
    secret_hash TEXT NOT NULL UNIQUE,
    once_hash TEXT UNIQUE,
    email_folded TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    confirmed_at BIGINT
);
CREATE INDEX held_requests_by_email ON held_requests (email_folded, id);
CREATE INDEX held_requests_by_time ON held_requests (created_at);
