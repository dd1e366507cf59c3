-- callbox's own options of a domain or trunk, as a JSON object; an absent key has its default.

-- +goose Up
ALTER TABLE domains ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
ALTER TABLE trunks ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
