-- +goose Up

-- Who is told of a call: the queue, and what became of each. Times are Unix ms of the machine's clock.
CREATE TABLE notifications (
    id          BIGKEY,
    sid         TEXT NOT NULL UNIQUE,
    account_sid TEXT,
    origin      TEXT NOT NULL,
    created     BIGINT NOT NULL,
    updated     BIGINT NOT NULL,
    rev         BIGINT NOT NULL,
    call_sid    TEXT NOT NULL,
    host        TEXT NOT NULL,
    event       TEXT NOT NULL,
    kind        TEXT NOT NULL,
    target      TEXT NOT NULL,
    secret      TEXT NOT NULL,
    body        TEXT NOT NULL,
    state       TEXT NOT NULL,
    attempts    INTEGER NOT NULL,
    begun       BIGINT NOT NULL,
    due         BIGINT NOT NULL,
    done        BIGINT NOT NULL,
    last_error  TEXT NOT NULL,
    claimed_by  TEXT NOT NULL,
    claim_until BIGINT NOT NULL
);
CREATE INDEX notifications_call_sid ON notifications (call_sid, id);
CREATE INDEX notifications_account_sid ON notifications (account_sid, id);
CREATE INDEX notifications_due ON notifications (due) WHERE state = 'queued';
CREATE INDEX notifications_created ON notifications (created);
