package config

import (
	"net/mail"
	"strings"
	"unicode"
)

func mailModes() []string { return []string{"starttls", "tls", "off"} }

// smtp checks the mail server.
func (c *checker) smtp(s SMTP) {
	c.oneOf("smtp.tls", s.TLS, mailModes())
	host, port, ok := splitHost(s.Address)
	switch {
	case s.Address == "":
	case !ok || host == "" || port == "" || port == "0":
		c.add("smtp.address", "is not host:port", "write the mail server's name and port, such as mail.example.com:587")
	case strings.ContainsAny(host, "/@ "):
		c.add("smtp.address", "is not a host", "write the mail server's name and port, such as mail.example.com:587")
	}
	switch from, err := mail.ParseAddress(s.From); {
	case s.From == "" && s.Address == "":
	case s.From == "":
		c.add("smtp.from", "is missing: mail needs a sender", "write an address such as callbox@example.com")
	case err != nil || strings.ContainsFunc(s.From, unicode.IsControl) || from.Address == "":
		c.add("smtp.from", "is not an e-mail address", "write an address such as callbox@example.com")
	}
	switch {
	case s.User == "" && s.Password != "":
		c.add("smtp.password", "has no user to it", "set smtp.user, or remove the password")
	case s.User != "" && s.Password == "":
		c.add("smtp.user", "has no password to it", "set smtp.password, or remove the user")
	}
}
