package twilio

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

const (
	maxUsername = 32
	minPassword = 12
	maxPassword = 256
)

// checkUsername holds a digest user name to the provider's length, and to characters that stand in a quoted string of an
// Authorization header without escapes. A colon would let two users share one hash (RFC 7617 section 2 forbids it, too).
func checkUsername(name string) error {
	switch {
	case name == "":
		return errors.New("it is empty")
	case len(name) > maxUsername:
		return fmt.Errorf("it must not be longer than %d characters", maxUsername)
	case strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"\:`, r) }):
		return errors.New("it must be printable ASCII without spaces, quotes, backslashes and colons")
	}
	return nil
}

// checkPassword tells whether a password is strong enough for the provider. It never repeats it.
func checkPassword(p string) error {
	if len(p) < minPassword || !strings.ContainsFunc(p, unicode.IsDigit) ||
		!strings.ContainsFunc(p, unicode.IsUpper) || !strings.ContainsFunc(p, unicode.IsLower) {
		return fmt.Errorf("it must have at least %d characters, with a digit, a capital and a small letter", minPassword)
	}
	if len(p) > maxPassword {
		return fmt.Errorf("it must not be longer than %d bytes", maxPassword)
	}
	if strings.ContainsFunc(p, unicode.IsControl) {
		return errors.New("it must not have control characters")
	}
	return nil
}
