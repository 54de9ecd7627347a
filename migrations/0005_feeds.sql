-- Who fetched the list, and the edges that follow it.

CREATE TABLE feed_fetches (
    token_id BIGINT NOT NULL REFERENCES api_tokens (id),
    feed TEXT NOT NULL,
    client TEXT NOT NULL,
    agent TEXT NOT NULL,
    epoch TEXT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (token_id, feed, client)
);
CREATE INDEX feed_fetches_by_time ON feed_fetches (at);

CREATE TABLE edges (
    token_id BIGINT NOT NULL REFERENCES api_tokens (id),
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    epoch TEXT NOT NULL,
    number BIGINT NOT NULL,
    digest TEXT NOT NULL,
    blocks BIGINT NOT NULL,
    clock_behind BIGINT NOT NULL,
    address TEXT NOT NULL,
    first_seen_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (token_id, name)
);
CREATE INDEX edges_by_time ON edges (seen_at);
