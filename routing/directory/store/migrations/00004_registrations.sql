-- Where phones are (RFC 3261 section 10). Rows are written many at a time and apart from the directory: they have a revision
-- of their own, so that a thousand phones that register wake no mirror. A binding that was removed stays for a while with
-- expires 0, for the other edges.

-- +goose Up

CREATE TABLE registration_revision (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    rev BIGINT NOT NULL -- of the last write
);
INSERT INTO registration_revision (one, rev) VALUES (1, 1);

CREATE TABLE registrations (
    sid         TEXT PRIMARY KEY,
    rev         BIGINT NOT NULL,
    writer      TEXT NOT NULL,
    account_sid TEXT NOT NULL,
    domain_sid  TEXT NOT NULL,
    username    TEXT NOT NULL,
    contact     TEXT NOT NULL,
    q           INTEGER NOT NULL,
    instance    TEXT NOT NULL,
    reg_id      INTEGER NOT NULL,
    call_id     TEXT NOT NULL,
    cseq        BIGINT NOT NULL,
    transport   TEXT NOT NULL,
    source      TEXT NOT NULL,
    local       TEXT NOT NULL,
    path        TEXT NOT NULL,
    user_agent  TEXT NOT NULL,
    natted      BOOLEAN NOT NULL,
    created     BIGINT NOT NULL,
    refreshed   BIGINT NOT NULL,
    expires     BIGINT NOT NULL
);
CREATE INDEX registrations_rev ON registrations (rev);
CREATE INDEX registrations_expires ON registrations (expires);
