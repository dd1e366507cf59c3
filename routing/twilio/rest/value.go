package rest

import (
	"encoding/json"
	"strings"
	"time"
)

// The types below are what resources are made of besides Go's own: each knows its spelling in JSON and in XML.

// Null is a string that is null in JSON while it is empty.
type Null string

// MarshalJSON writes null or the string.
func (n Null) MarshalJSON() ([]byte, error) {
	if n == "" {
		return []byte("null"), nil
	}
	return marshal(string(n))
}

// URI is the path of a resource of the 2010 API, without a suffix: JSON spells it with .json, XML without.
type URI string

// MarshalJSON writes the path with .json, null if there is none.
func (u URI) MarshalJSON() ([]byte, error) {
	if u == "" {
		return []byte("null"), nil
	}
	return marshal(u.in(JSON))
}

// in spells u, which may have a query, in a format.
func (u URI) in(f Format) string {
	if f == XML || u == "" {
		return string(u)
	}
	path, query, found := strings.Cut(string(u), "?")
	if found {
		query = "?" + query
	}
	return path + ".json" + query
}

// Stamp is a time in unix milliseconds, written as the 2010 API does: RFC 2822, whole seconds, UTC. 0 is null.
type Stamp int64

// MarshalJSON writes the time or null.
func (s Stamp) MarshalJSON() ([]byte, error) {
	if s == 0 {
		return []byte("null"), nil
	}
	return json.Marshal(s.text())
}

func (s Stamp) text() string {
	if s == 0 {
		return ""
	}
	return time.UnixMilli(int64(s)).UTC().Format(time.RFC1123Z)
}

// ISO is a time in unix milliseconds, written as the v1 APIs do: ISO 8601, whole seconds, UTC. 0 is null.
type ISO int64

// MarshalJSON writes the time or null.
func (s ISO) MarshalJSON() ([]byte, error) {
	if s == 0 {
		return []byte("null"), nil
	}
	return json.Marshal(s.text())
}

func (s ISO) text() string {
	if s == 0 {
		return ""
	}
	return time.UnixMilli(int64(s)).UTC().Format("2006-01-02T15:04:05Z")
}

// ValidSID tells whether s is a SID of a kind: its two letters and 32 hexadecimal digits.
func ValidSID(kind, s string) bool {
	if len(s) != 34 || !strings.HasPrefix(s, kind) {
		return false
	}
	for i := 2; i < len(s); i++ {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}
