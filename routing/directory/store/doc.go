// Package store keeps the customers' half of the directory in SQL: accounts, addresses, numbers, domains, trunks, lists,
// keys, fees and the audit log of their changes, on SQLite or PostgreSQL with one schema. It owns transactions, the
// revision and the Mirror that turns rows into snapshots; it knows no provider's rules, no HTTP and no SIP.
package store
