-- The customers' half of the directory. One text for both engines: BIGKEY stands for a 64-bit primary key;
-- everything else is spelled alike. Identifiers come from revision.last_id, so that they grow in the
-- order of commits. A column that refers to another row is NULL where it refers to none; every other is never NULL.

-- +goose Up

-- The one row that every writer locks.
CREATE TABLE revision (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    rev      BIGINT NOT NULL, -- of the last write
    last_id  BIGINT NOT NULL, -- given to a row
    small    BIGINT NOT NULL, -- rev of the last write to what a Mirror reads whole
    forgot   BIGINT NOT NULL  -- tombstones up to this rev are gone
);
INSERT INTO revision (one, rev, last_id, small, forgot) VALUES (1, 1, 0, 1, 0);

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- What was deleted, for the mirrors: the E.164 of a number, the SID of anything else.
CREATE TABLE tombstones (
    id   BIGKEY,
    rev  BIGINT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    at   BIGINT NOT NULL
);
CREATE INDEX tombstones_rev ON tombstones (rev);
CREATE INDEX tombstones_at ON tombstones (at);

CREATE TABLE accounts (
    id            BIGKEY,
    sid           TEXT NOT NULL UNIQUE,
    account_sid   TEXT,
    origin        TEXT NOT NULL,
    created       BIGINT NOT NULL,
    updated       BIGINT NOT NULL,
    rev           BIGINT NOT NULL,
    friendly_name TEXT NOT NULL,
    status        TEXT NOT NULL
);

CREATE TABLE addresses (
    id                BIGKEY,
    sid               TEXT NOT NULL UNIQUE,
    account_sid       TEXT NOT NULL REFERENCES accounts (sid),
    origin            TEXT NOT NULL,
    created           BIGINT NOT NULL,
    updated           BIGINT NOT NULL,
    rev               BIGINT NOT NULL,
    friendly_name     TEXT NOT NULL,
    customer_name     TEXT NOT NULL,
    street            TEXT NOT NULL,
    street_secondary  TEXT NOT NULL,
    city              TEXT NOT NULL,
    region            TEXT NOT NULL,
    postal_code       TEXT NOT NULL,
    iso_country       TEXT NOT NULL,
    emergency_enabled BOOLEAN NOT NULL,
    validated         BOOLEAN NOT NULL,
    verified          BOOLEAN NOT NULL,
    esn               TEXT NOT NULL,
    file_id           TEXT NOT NULL
);
CREATE INDEX addresses_account_sid ON addresses (account_sid, id);
CREATE INDEX addresses_friendly_name ON addresses (account_sid, friendly_name, id);
CREATE INDEX addresses_rev ON addresses (rev, id);

CREATE TABLE trunks (
    id                       BIGKEY,
    sid                      TEXT NOT NULL UNIQUE,
    account_sid              TEXT NOT NULL REFERENCES accounts (sid),
    origin                   TEXT NOT NULL,
    created                  BIGINT NOT NULL,
    updated                  BIGINT NOT NULL,
    rev                      BIGINT NOT NULL,
    domain_name              TEXT NOT NULL,
    friendly_name            TEXT NOT NULL,
    secure                   BOOLEAN NOT NULL,
    cnam_lookup_enabled      BOOLEAN NOT NULL,
    transfer_mode            TEXT NOT NULL,
    transfer_caller_id       TEXT NOT NULL,
    disaster_recovery_url    TEXT NOT NULL,
    disaster_recovery_method TEXT NOT NULL,
    recording_mode           TEXT NOT NULL,
    recording_trim           TEXT NOT NULL,
    aliases                  TEXT NOT NULL
);
CREATE INDEX trunks_account_sid ON trunks (account_sid, id);
CREATE UNIQUE INDEX trunks_domain_name ON trunks (LOWER(domain_name)) WHERE domain_name <> '';

CREATE TABLE numbers (
    id                       BIGKEY,
    sid                      TEXT NOT NULL UNIQUE,
    account_sid              TEXT NOT NULL REFERENCES accounts (sid),
    origin                   TEXT NOT NULL,
    created                  BIGINT NOT NULL,
    updated                  BIGINT NOT NULL,
    rev                      BIGINT NOT NULL,
    phone_number             TEXT NOT NULL,
    friendly_name            TEXT NOT NULL,
    country                  TEXT NOT NULL,
    service                  TEXT NOT NULL,
    emergency_status         TEXT NOT NULL,
    emergency_address_sid    TEXT REFERENCES addresses (sid),
    emergency_address_status TEXT NOT NULL,
    status_due               BIGINT NOT NULL,
    status_next              TEXT NOT NULL,
    reassociate_after        BIGINT NOT NULL,
    emergency_status_due     BIGINT NOT NULL,
    emergency_status_next    TEXT NOT NULL,
    address_sid              TEXT REFERENCES addresses (sid),
    trunk_sid                TEXT REFERENCES trunks (sid),
    voice_url                TEXT NOT NULL,
    voice_method             TEXT NOT NULL,
    voice_fallback_url       TEXT NOT NULL,
    voice_fallback_method    TEXT NOT NULL,
    voice_application_sid    TEXT NOT NULL,
    voice_caller_id_lookup   BOOLEAN NOT NULL,
    voice_receive_mode       TEXT NOT NULL,
    status_callback          TEXT NOT NULL,
    status_callback_method   TEXT NOT NULL,
    sms_url                  TEXT NOT NULL,
    sms_method               TEXT NOT NULL,
    sms_fallback_url         TEXT NOT NULL,
    sms_fallback_method      TEXT NOT NULL,
    sms_application_sid      TEXT NOT NULL,
    identity_sid             TEXT NOT NULL,
    bundle_sid               TEXT NOT NULL,
    ties                     TEXT NOT NULL
);
CREATE INDEX numbers_account_sid ON numbers (account_sid, id);
CREATE INDEX numbers_friendly_name ON numbers (account_sid, friendly_name, id);
CREATE INDEX numbers_rev ON numbers (rev, id);
CREATE UNIQUE INDEX numbers_phone_number ON numbers (phone_number);
CREATE INDEX numbers_emergency_address_sid ON numbers (emergency_address_sid);
CREATE INDEX numbers_address_sid ON numbers (address_sid) WHERE address_sid IS NOT NULL;
CREATE INDEX numbers_trunk_sid ON numbers (trunk_sid) WHERE trunk_sid IS NOT NULL;
CREATE INDEX numbers_status_due ON numbers (status_due) WHERE status_due <> 0;
CREATE INDEX numbers_emergency_status_due ON numbers (emergency_status_due) WHERE emergency_status_due <> 0;

CREATE TABLE domains (
    id                           BIGKEY,
    sid                          TEXT NOT NULL UNIQUE,
    account_sid                  TEXT NOT NULL REFERENCES accounts (sid),
    origin                       TEXT NOT NULL,
    created                      BIGINT NOT NULL,
    updated                      BIGINT NOT NULL,
    rev                          BIGINT NOT NULL,
    domain_name                  TEXT NOT NULL,
    friendly_name                TEXT NOT NULL,
    voice_url                    TEXT NOT NULL,
    voice_method                 TEXT NOT NULL,
    voice_fallback_url           TEXT NOT NULL,
    voice_fallback_method        TEXT NOT NULL,
    voice_status_callback_url    TEXT NOT NULL,
    voice_status_callback_method TEXT NOT NULL,
    sip_registration             BOOLEAN NOT NULL,
    emergency_calling_enabled    BOOLEAN NOT NULL,
    secure                       BOOLEAN NOT NULL,
    byoc_trunk_sid               TEXT NOT NULL,
    emergency_caller_sid         TEXT REFERENCES numbers (sid),
    caller_id_mode               TEXT NOT NULL,
    aliases                      TEXT NOT NULL
);
CREATE INDEX domains_account_sid ON domains (account_sid, id);
CREATE UNIQUE INDEX domains_domain_name ON domains (LOWER(domain_name)) WHERE domain_name <> '';
CREATE INDEX domains_emergency_caller_sid ON domains (emergency_caller_sid) WHERE emergency_caller_sid IS NOT NULL;

CREATE TABLE credential_lists (
    id            BIGKEY,
    sid           TEXT NOT NULL UNIQUE,
    account_sid   TEXT NOT NULL REFERENCES accounts (sid),
    origin        TEXT NOT NULL,
    created       BIGINT NOT NULL,
    updated       BIGINT NOT NULL,
    rev           BIGINT NOT NULL,
    friendly_name TEXT NOT NULL
);
CREATE INDEX credential_lists_account_sid ON credential_lists (account_sid, id);

CREATE TABLE credentials (
    id          BIGKEY,
    sid         TEXT NOT NULL UNIQUE,
    account_sid TEXT NOT NULL REFERENCES accounts (sid),
    origin      TEXT NOT NULL,
    created     BIGINT NOT NULL,
    updated     BIGINT NOT NULL,
    rev         BIGINT NOT NULL,
    list_sid    TEXT NOT NULL REFERENCES credential_lists (sid) ON DELETE CASCADE,
    username    TEXT NOT NULL,
    ha1_md5     TEXT NOT NULL,
    ha1_sha256  TEXT NOT NULL
);
CREATE INDEX credentials_account_sid ON credentials (account_sid, id);
CREATE UNIQUE INDEX credentials_list_sid_username ON credentials (list_sid, username);

CREATE TABLE acls (
    id            BIGKEY,
    sid           TEXT NOT NULL UNIQUE,
    account_sid   TEXT NOT NULL REFERENCES accounts (sid),
    origin        TEXT NOT NULL,
    created       BIGINT NOT NULL,
    updated       BIGINT NOT NULL,
    rev           BIGINT NOT NULL,
    friendly_name TEXT NOT NULL
);
CREATE INDEX acls_account_sid ON acls (account_sid, id);

CREATE TABLE acl_entries (
    id                 BIGKEY,
    sid                TEXT NOT NULL UNIQUE,
    account_sid        TEXT NOT NULL REFERENCES accounts (sid),
    origin             TEXT NOT NULL,
    created            BIGINT NOT NULL,
    updated            BIGINT NOT NULL,
    rev                BIGINT NOT NULL,
    list_sid           TEXT NOT NULL REFERENCES acls (sid) ON DELETE CASCADE,
    friendly_name      TEXT NOT NULL,
    ip_address         TEXT NOT NULL,
    cidr_prefix_length INTEGER NOT NULL
);
CREATE INDEX acl_entries_account_sid ON acl_entries (account_sid, id);
CREATE INDEX acl_entries_list_sid ON acl_entries (list_sid, id);

CREATE TABLE mappings (
    id          BIGKEY,
    sid         TEXT NOT NULL UNIQUE,
    account_sid TEXT NOT NULL REFERENCES accounts (sid),
    origin      TEXT NOT NULL,
    created     BIGINT NOT NULL,
    updated     BIGINT NOT NULL,
    rev         BIGINT NOT NULL,
    parent_sid  TEXT NOT NULL,
    use         TEXT NOT NULL,
    list_sid    TEXT NOT NULL,
    kind        TEXT NOT NULL
);
CREATE INDEX mappings_account_sid ON mappings (account_sid, id);
CREATE UNIQUE INDEX mappings_parent_sid_use_list_sid ON mappings (parent_sid, use, list_sid);
CREATE INDEX mappings_list_sid ON mappings (list_sid);

CREATE TABLE origination_urls (
    id            BIGKEY,
    sid           TEXT NOT NULL UNIQUE,
    account_sid   TEXT NOT NULL REFERENCES accounts (sid),
    origin        TEXT NOT NULL,
    created       BIGINT NOT NULL,
    updated       BIGINT NOT NULL,
    rev           BIGINT NOT NULL,
    trunk_sid     TEXT NOT NULL REFERENCES trunks (sid) ON DELETE CASCADE,
    friendly_name TEXT NOT NULL,
    sip_url       TEXT NOT NULL,
    weight        INTEGER NOT NULL,
    priority      INTEGER NOT NULL,
    enabled       BOOLEAN NOT NULL
);
CREATE INDEX origination_urls_account_sid ON origination_urls (account_sid, id);
CREATE INDEX origination_urls_trunk_sid ON origination_urls (trunk_sid, id);

CREATE TABLE api_keys (
    id          BIGKEY,
    sid         TEXT NOT NULL UNIQUE,
    account_sid TEXT REFERENCES accounts (sid),
    origin      TEXT NOT NULL,
    created     BIGINT NOT NULL,
    updated     BIGINT NOT NULL,
    rev         BIGINT NOT NULL,
    name        TEXT NOT NULL,
    hash        TEXT NOT NULL,
    scope       TEXT NOT NULL
);
CREATE INDEX api_keys_account_sid ON api_keys (account_sid, id);

CREATE TABLE fees (
    id          BIGKEY,
    sid         TEXT NOT NULL UNIQUE,
    account_sid TEXT,
    origin      TEXT NOT NULL,
    created     BIGINT NOT NULL,
    updated     BIGINT NOT NULL,
    rev         BIGINT NOT NULL,
    kind        TEXT NOT NULL,
    cents       BIGINT NOT NULL,
    subject     TEXT NOT NULL,
    period      TEXT NOT NULL,
    at          BIGINT NOT NULL,
    number      TEXT NOT NULL
);
CREATE UNIQUE INDEX fees_kind_subject_period ON fees (kind, subject, period);
CREATE INDEX fees_account_sid_at ON fees (account_sid, at);

CREATE TABLE audit (
    id          BIGKEY,
    sid         TEXT NOT NULL,
    account_sid TEXT,
    origin      TEXT NOT NULL,
    created     BIGINT NOT NULL,
    updated     BIGINT NOT NULL,
    rev         BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    actor       TEXT NOT NULL,
    source      TEXT NOT NULL,
    action      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    changes     TEXT NOT NULL
);
CREATE INDEX audit_sid ON audit (sid, id);
CREATE INDEX audit_account_sid ON audit (account_sid, id);
