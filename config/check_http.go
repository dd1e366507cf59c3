package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

func tlsModes() []string { return []string{"off", "auto", "files"} }

// secrets returns the options whose value no problem shows.
func secrets() []string {
	return []string{"auth.token", "auth.read_token", "database.url", "smtp.password"}
}

// http checks where the APIs are served, and that no password crosses a network in the clear unless somebody said so.
func (c *checker) http(h HTTP) {
	c.bindable("http.address", h.Address)
	c.oneOf("http.tls", h.TLS, tlsModes())
	switch {
	case h.TLS == "files" && h.Certificate == "" && h.Key == "":
		c.add("http.tls", "says files, and there are none", "set http.certificate and http.key, or write auto to use the certificate of SIP's tls listeners")
	case h.TLS == "files" && h.Certificate == "":
		c.add("http.key", "has no certificate to it", "set http.certificate")
	case h.TLS == "files" && h.Key == "":
		c.add("http.certificate", "has no key to it", "set http.key")
	case slices.Contains([]string{"off", "auto"}, h.TLS) && h.Certificate != "":
		c.add("http.certificate", "is not used while http.tls is "+h.TLS, "set http.tls: files, or remove it")
	case slices.Contains([]string{"off", "auto"}, h.TLS) && h.Key != "":
		c.add("http.key", "is not used while http.tls is "+h.TLS, "set http.tls: files, or remove it")
	}
	if ip := h.Address.Addr(); h.TLS == "off" && !h.Plain && ip.IsValid() && !ip.IsLoopback() && !ip.Is4In6() && !ip.IsMulticast() {
		c.add("http.address", "is reached from other machines without TLS, so that tokens and passwords would cross the network in the clear",
			"set http.tls: auto, or http.plain: true (--http-plain, CALLBOX_HTTP_PLAIN=true) where the network is to be trusted")
	}
}

// auth checks that a token fits a header, and that the two tokens differ: one word cannot have two meanings.
func (c *checker) auth(a Auth) {
	for _, t := range []struct {
		path  string
		token Secret
	}{{"auth.token", a.Token}, {"auth.read_token", a.ReadToken}} {
		if strings.ContainsFunc(string(t.token), func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			c.add(t.path, "has a space, control or non-ASCII character", "use letters, digits and punctuation")
		}
	}
	c.digest(a)
	if a.ReadToken != "" && a.ReadToken == a.Token {
		c.add("auth.read_token", "is the same as auth.token, which may change everything", "choose another")
	}
}

// The schemes of database.url.
const (
	sqliteScheme    = "sqlite:"
	postgresScheme  = "postgres://"
	postgresScheme2 = "postgresql://" // as libpq knows it, too
)

// sqlite returns the file of a SQLite database, false where another is configured.
func (d Database) sqlite() (file string, ok bool) {
	return strings.CutPrefix(string(d.URL), sqliteScheme)
}

func (d Database) postgres() bool {
	return strings.HasPrefix(string(d.URL), postgresScheme) || strings.HasPrefix(string(d.URL), postgresScheme2)
}

// Shown returns the URL as it may be printed: without the password and the query, where another may be; "" for none.
func (d Database) Shown() string {
	if file, ok := d.sqlite(); ok {
		return sqliteScheme + file
	}
	u, err := url.Parse(string(d.URL))
	if err != nil || !d.postgres() {
		return d.URL.String()
	}
	shown := u.Scheme + "://"
	if u.User != nil {
		shown += u.User.Username() + "@"
	}
	return shown + u.Host + u.Path
}

// database checks the form of the URL; whether there is a database behind it only an attempt can tell.
func (c *checker) database(d Database) {
	const path, shape = "database.url", "write postgres://user:password@host:5432/name, or sqlite:FILE, or remove the key for a file in the data directory"
	text := string(d.URL)
	if file, ok := d.sqlite(); ok {
		if file == "" || strings.HasPrefix(file, "//") || strings.ContainsAny(file, "?#\x00") {
			c.add(path, "does not name a file", "write sqlite:FILE, such as sqlite:/var/lib/callbox/callbox.db")
		}
		return
	}
	switch u, err := url.Parse(text); {
	case text == "":
	case !d.postgres():
		c.add(path, "is no database that callbox knows", shape)
	case err != nil: // its text quotes the URL, and with it the password
		c.add(path, "is not a URL", "write characters such as / ? # @ % of a password as %2F %3F %23 %40 %25")
	case u.Host == "" && !u.Query().Has("host"):
		c.add(path, "names no host", shape)
	case strings.Trim(u.Path, "/") == "" && !u.Query().Has("dbname") && !u.Query().Has("database"):
		c.add(path, "names no database", shape)
	case u.Fragment != "" || strings.Contains(text, "#"):
		c.add(path, "has a # in it, which ends a URL", "write # of a password as %23")
	}
}

// lab checks the numbers that are to fail, as the API knows numbers.
func (c *checker) lab(l Lab) {
	c.oneOf("lab.delays", l.Delays, []string{"quick", "realistic"})
	for i, n := range l.FailRegistration {
		if !e164(n) {
			c.add(fmt.Sprintf("lab.fail_registration[%d]", i), "is not a number in E.164", `write it as "+14155550100"`)
		}
	}
}

// lost checks how LoST queries are answered.
func (c *checker) lost(l LoST) {
	c.oneOf("lost.access", l.Access, []string{"known", "open", "off"})
	if len(l.Name) > 255 || !strings.Contains(l.Name, ".") || strings.Trim(l.Name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") != "" {
		c.add("lost.name", "is not a host name with a dot", "write one of your own, such as lost.example.com")
	}
}

// e164 tells whether s is a plus and up to 15 digits, the first of them not 0.
func e164(s string) bool {
	digits, plus := strings.CutPrefix(s, "+")
	return plus && len(digits) >= 2 && len(digits) <= 15 && digits[0] != '0' &&
		!strings.ContainsFunc(digits, func(r rune) bool { return r < '0' || r > '9' })
}
