package strict

// hidden is what every rendering of a secret reads.
const hidden = "***"

// Secret is a string that never shows itself: formatting, JSON, YAML and problems print *** ("" when empty).
// Convert with string(s) at the one place that needs it.
type Secret string

// String returns *** or, for the empty secret, "".
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString keeps %#v from showing the secret.
func (s Secret) GoString() string { return `"` + s.String() + `"` }

// MarshalText keeps JSON, YAML and text encodings from showing the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
