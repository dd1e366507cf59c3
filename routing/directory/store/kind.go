package store

import "strings"

// kind is what the store knows of a sort of rows besides its columns.
type kind struct {
	name   string // in the audit log and the tombstones
	table  string
	prefix string // of its SIDs
	part   part
	silent bool // writes leave no audit entry
}

// part is how the Mirror follows rows of a kind.
type part uint8

const (
	partNone    part = iota // snapshots have nothing of it
	partSmall               // all of these kinds are read again when one row of them changed
	partNumbers             // row by row
	partPlaces              // row by row, by account and the column of its key
)

// Row is one of the row types of this package.
type Row interface{ kind() kind }

func (Account) kind() kind {
	return kind{name: "account", table: "accounts", prefix: "AC", part: partSmall}
}
func (Address) kind() kind {
	return kind{name: "address", table: "addresses", prefix: "AD", part: partNumbers}
}
func (Number) kind() kind {
	return kind{name: "number", table: "numbers", prefix: "PN", part: partNumbers}
}
func (Domain) kind() kind {
	return kind{name: "domain", table: "domains", prefix: "SD", part: partSmall}
}
func (CredentialList) kind() kind {
	return kind{name: "credential_list", table: "credential_lists", prefix: "CL", part: partSmall}
}
func (Credential) kind() kind {
	return kind{name: "credential", table: "credentials", prefix: "CR", part: partSmall}
}
func (ACL) kind() kind { return kind{name: "acl", table: "acls", prefix: "AL", part: partSmall} }
func (ACLEntry) kind() kind {
	return kind{name: "acl_entry", table: "acl_entries", prefix: "IP", part: partSmall}
}
func (Mapping) kind() kind {
	return kind{name: "mapping", table: "mappings", prefix: "MP", part: partSmall}
}
func (Trunk) kind() kind { return kind{name: "trunk", table: "trunks", prefix: "TK", part: partSmall} }
func (OriginationURL) kind() kind {
	return kind{name: "origination_url", table: "origination_urls", prefix: "OU"}
}
func (Key) kind() kind { return kind{name: "key", table: "api_keys", prefix: "SK"} }
func (Fee) kind() kind { return kind{name: "fee", table: "fees", prefix: "FE", silent: true} }
func (AuditEntry) kind() kind {
	return kind{name: "audit_entry", table: "audit", prefix: "AU", silent: true}
}

// parentTable is the table of what a row with a parent column belongs to, told by the first letters of the parent's SID.
func parentTable(sid string) string {
	switch {
	case strings.HasPrefix(sid, "CL"):
		return "credential_lists"
	case strings.HasPrefix(sid, "AL"):
		return "acls"
	case strings.HasPrefix(sid, "SD"):
		return "domains"
	case strings.HasPrefix(sid, "TK"):
		return "trunks"
	default:
		return ""
	}
}
