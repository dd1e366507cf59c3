package twilio

import (
	"strings"

	"callbox/routing/twilio/rest"
)

// set takes a value that was given.
func set[T any](field *T, given *T) {
	if given != nil {
		*field = *given
	}
}

// filled refuses a required field that a client set to nothing.
func filled(code int, name string, given *string) error {
	if given != nil && strings.TrimSpace(*given) == "" {
		return rest.Invalid(code, name, "it cannot be empty")
	}
	return nil
}

// accountURI is the path of an account.
func accountURI(sid string) rest.URI { return rest.URI("/2010-04-01/Accounts/" + sid) }
