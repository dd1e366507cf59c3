-- Where callers are: Bandwidth's locations, endpoints and designated numbers, who is told of an endpoint's calls, and the
-- orders that change all that a while later. IDs are the customer's own, unique in an account.

-- +goose Up
ALTER TABLE accounts ADD COLUMN bandwidth_id TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX accounts_bandwidth_id ON accounts (bandwidth_id) WHERE bandwidth_id <> '';

CREATE TABLE bandwidth_locations (
    id               BIGKEY,
    sid              TEXT NOT NULL UNIQUE,
    account_sid      TEXT NOT NULL REFERENCES accounts (sid),
    origin           TEXT NOT NULL,
    created          BIGINT NOT NULL,
    updated          BIGINT NOT NULL,
    rev              BIGINT NOT NULL,
    location_id      TEXT NOT NULL,
    description      TEXT NOT NULL,
    customer_name    TEXT NOT NULL,
    street           TEXT NOT NULL,
    street_secondary TEXT NOT NULL,
    city             TEXT NOT NULL,
    region           TEXT NOT NULL,
    postal_code      TEXT NOT NULL,
    iso_country      TEXT NOT NULL,
    esn              TEXT NOT NULL,
    validation       TEXT NOT NULL,
    has_point        BOOLEAN NOT NULL,
    lat              DOUBLE PRECISION NOT NULL,
    lon              DOUBLE PRECISION NOT NULL,
    has_alt          BOOLEAN NOT NULL,
    alt              DOUBLE PRECISION NOT NULL,
    details          TEXT NOT NULL -- further words of the provider's API, which means nothing to calls
);
CREATE UNIQUE INDEX bandwidth_locations_location_id ON bandwidth_locations (account_sid, location_id);
CREATE INDEX bandwidth_locations_account_sid ON bandwidth_locations (account_sid, id);
CREATE INDEX bandwidth_locations_rev ON bandwidth_locations (rev, id);

CREATE TABLE bandwidth_endpoints (
    id               BIGKEY,
    sid              TEXT NOT NULL UNIQUE,
    account_sid      TEXT NOT NULL REFERENCES accounts (sid),
    origin           TEXT NOT NULL,
    created          BIGINT NOT NULL,
    updated          BIGINT NOT NULL,
    rev              BIGINT NOT NULL,
    endpoint_id      TEXT NOT NULL,
    pidf_lo          BOOLEAN NOT NULL,
    callback         TEXT NOT NULL,
    caller_name      TEXT NOT NULL,
    language         TEXT NOT NULL,
    iso_country      TEXT NOT NULL,
    location_sid     TEXT REFERENCES bandwidth_locations (sid),
    has_address      BOOLEAN NOT NULL,
    customer_name    TEXT NOT NULL,
    street           TEXT NOT NULL,
    street_secondary TEXT NOT NULL,
    city             TEXT NOT NULL,
    region           TEXT NOT NULL,
    postal_code      TEXT NOT NULL,
    esn              TEXT NOT NULL
);
CREATE UNIQUE INDEX bandwidth_endpoints_endpoint_id ON bandwidth_endpoints (account_sid, endpoint_id);
CREATE INDEX bandwidth_endpoints_account_sid ON bandwidth_endpoints (account_sid, id);
CREATE INDEX bandwidth_endpoints_rev ON bandwidth_endpoints (rev, id);
CREATE INDEX bandwidth_endpoints_location_sid ON bandwidth_endpoints (location_sid) WHERE location_sid IS NOT NULL;

CREATE TABLE emergency_numbers (
    id              BIGKEY,
    sid             TEXT NOT NULL UNIQUE,
    account_sid     TEXT NOT NULL REFERENCES accounts (sid),
    origin          TEXT NOT NULL,
    created         BIGINT NOT NULL,
    updated         BIGINT NOT NULL,
    rev             BIGINT NOT NULL,
    phone_number    TEXT NOT NULL,
    url             TEXT NOT NULL,
    username        TEXT NOT NULL,
    password        TEXT NOT NULL,
    timeout_ms      BIGINT NOT NULL,
    refuse_on_404   BOOLEAN NOT NULL,
    take_caller     BOOLEAN NOT NULL,
    forbid_internal BOOLEAN NOT NULL,
    parameters      TEXT NOT NULL
);
CREATE UNIQUE INDEX emergency_numbers_phone_number ON emergency_numbers (phone_number);
CREATE INDEX emergency_numbers_account_sid ON emergency_numbers (account_sid, id);

CREATE TABLE bandwidth_recipients (
    id           BIGKEY,
    sid          TEXT NOT NULL UNIQUE,
    account_sid  TEXT NOT NULL REFERENCES accounts (sid),
    origin       TEXT NOT NULL,
    created      BIGINT NOT NULL,
    updated      BIGINT NOT NULL,
    rev          BIGINT NOT NULL,
    recipient_id TEXT NOT NULL,
    kind         TEXT NOT NULL,
    target       TEXT NOT NULL,
    username     TEXT NOT NULL,
    password     TEXT NOT NULL,
    description  TEXT NOT NULL,
    updated_by   TEXT NOT NULL
);
CREATE UNIQUE INDEX bandwidth_recipients_recipient_id ON bandwidth_recipients (account_sid, recipient_id);
CREATE INDEX bandwidth_recipients_account_sid ON bandwidth_recipients (account_sid, id);

CREATE TABLE bandwidth_groups (
    id          BIGKEY,
    sid         TEXT NOT NULL UNIQUE,
    account_sid TEXT NOT NULL REFERENCES accounts (sid),
    origin      TEXT NOT NULL,
    created     BIGINT NOT NULL,
    updated     BIGINT NOT NULL,
    rev         BIGINT NOT NULL,
    group_id    TEXT NOT NULL,
    description TEXT NOT NULL,
    updated_by  TEXT NOT NULL
);
CREATE UNIQUE INDEX bandwidth_groups_group_id ON bandwidth_groups (account_sid, group_id);
CREATE INDEX bandwidth_groups_account_sid ON bandwidth_groups (account_sid, id);

CREATE TABLE bandwidth_group_recipients (
    id            BIGKEY,
    sid           TEXT NOT NULL UNIQUE,
    account_sid   TEXT NOT NULL REFERENCES accounts (sid),
    origin        TEXT NOT NULL,
    created       BIGINT NOT NULL,
    updated       BIGINT NOT NULL,
    rev           BIGINT NOT NULL,
    group_sid     TEXT NOT NULL REFERENCES bandwidth_groups (sid) ON DELETE CASCADE,
    recipient_sid TEXT NOT NULL REFERENCES bandwidth_recipients (sid)
);
CREATE UNIQUE INDEX bandwidth_group_recipients_group_sid ON bandwidth_group_recipients (group_sid, recipient_sid);
CREATE INDEX bandwidth_group_recipients_recipient_sid ON bandwidth_group_recipients (recipient_sid);
CREATE INDEX bandwidth_group_recipients_account_sid ON bandwidth_group_recipients (account_sid);

CREATE TABLE bandwidth_group_endpoints (
    id           BIGKEY,
    sid          TEXT NOT NULL UNIQUE,
    account_sid  TEXT NOT NULL REFERENCES accounts (sid),
    origin       TEXT NOT NULL,
    created      BIGINT NOT NULL,
    updated      BIGINT NOT NULL,
    rev          BIGINT NOT NULL,
    group_sid    TEXT NOT NULL REFERENCES bandwidth_groups (sid) ON DELETE CASCADE,
    endpoint_sid TEXT NOT NULL REFERENCES bandwidth_endpoints (sid) ON DELETE CASCADE
);
CREATE UNIQUE INDEX bandwidth_group_endpoints_group_sid ON bandwidth_group_endpoints (group_sid, endpoint_sid);
CREATE INDEX bandwidth_group_endpoints_endpoint_sid ON bandwidth_group_endpoints (endpoint_sid);
CREATE INDEX bandwidth_group_endpoints_account_sid ON bandwidth_group_endpoints (account_sid);

-- An order is applied when it is due. Its sid is its UUID, which the API shows with hyphens. Times are lab time, Unix ms.
CREATE TABLE bandwidth_orders (
    id                BIGKEY,
    sid               TEXT NOT NULL UNIQUE,
    account_sid       TEXT,
    origin            TEXT NOT NULL,
    created           BIGINT NOT NULL,
    updated           BIGINT NOT NULL,
    rev               BIGINT NOT NULL,
    kind              TEXT NOT NULL,
    customer_order_id TEXT NOT NULL,
    description       TEXT NOT NULL,
    status            TEXT NOT NULL,
    due               BIGINT NOT NULL,
    updated_by        TEXT NOT NULL,
    total             INTEGER NOT NULL,
    accepted          INTEGER NOT NULL,
    invalid           INTEGER NOT NULL,
    adjusted          INTEGER NOT NULL,
    received          BIGINT NOT NULL,
    processing        BIGINT NOT NULL,
    finished          BIGINT NOT NULL
);
CREATE INDEX bandwidth_orders_account_sid ON bandwidth_orders (account_sid, id);
CREATE INDEX bandwidth_orders_due ON bandwidth_orders (due) WHERE due <> 0;

CREATE TABLE bandwidth_order_items (
    id          BIGKEY,
    sid         TEXT NOT NULL UNIQUE,
    account_sid TEXT,
    origin      TEXT NOT NULL,
    created     BIGINT NOT NULL,
    updated     BIGINT NOT NULL,
    rev         BIGINT NOT NULL,
    order_sid   TEXT NOT NULL REFERENCES bandwidth_orders (sid) ON DELETE CASCADE,
    action      TEXT NOT NULL,
    item_id     TEXT NOT NULL,
    body        TEXT NOT NULL, -- what is to be, as the package that applies it writes it
    status      TEXT NOT NULL,
    error       TEXT NOT NULL,
    error_code  TEXT NOT NULL,
    adjusted    BOOLEAN NOT NULL
);
CREATE INDEX bandwidth_order_items_order_sid ON bandwidth_order_items (order_sid, id);
