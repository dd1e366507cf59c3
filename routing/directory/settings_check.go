package directory

import (
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"callbox/config/strict"
	"callbox/routing/numbering"
)

// Bounds of settings.
const (
	mostFallbacks     = 16
	mostNotifications = 16
	longestTo         = 512
	longestSecret     = 256
	shortestWindow    = time.Second
	longestWindow     = 7 * 24 * time.Hour
)

// ParseSettings reads settings with the keys of a directory file, from YAML or JSON; source names the text in problems.
// Every problem is reported at once.
func ParseSettings(source string, src []byte) (Settings, strict.Problems) {
	var s Settings
	doc, problems := strict.Decode(source, src, &s)
	checkSettings(s, "", doc, &problems)
	problems.Sort()
	return s, problems
}

// settingsCheck holds settings to the rules, whatever they were read from.
type settingsCheck struct {
	s        Settings
	path     string // of the entry, with a dot at its end, or ""
	doc      *strict.Document
	problems *strict.Problems
}

// checkSettings adds everything wrong with the settings of an entry of doc to problems.
func checkSettings(s Settings, path string, doc *strict.Document, problems *strict.Problems) {
	c := settingsCheck{s, path, doc, problems}
	c.identity()
	c.callback()
	c.notify()
}

// bad reports a problem of a value that could be read: one that could not was reported then.
func (c *settingsCheck) bad(path, message, mend string) {
	if !slices.ContainsFunc(*c.problems, func(p strict.Problem) bool { return p.Path == path }) {
		*c.problems = append(*c.problems, c.doc.Problem(path, message, mend))
	}
}

func (c *settingsCheck) identity() {
	path := c.path + "identity.sources"
	sources := c.s.Identity.Sources
	if len(sources) == 0 && c.doc.Has(path) {
		c.bad(path, "has no sources, so nobody would be known", "write from, or remove the key")
	}
	for i, s := range sources {
		if slices.Contains(sources[:i], s) {
			c.bad(at(path, i, ""), "is there twice", "name each source once")
		}
	}
}

func (c *settingsCheck) callback() {
	b, path := c.s.Callback, c.path+"callback."
	if len(b.Fallback) > mostFallbacks {
		c.bad(path+"fallback", "has more than "+strconv.Itoa(mostFallbacks)+" entries", "name those who would really answer")
	}
	for i, to := range b.Fallback {
		at := at(path+"fallback", i, "")
		if strings.HasPrefix(to, "+") || to != "" && strings.Trim(to, "0123456789") == "" {
			if !numbering.Valid(to) {
				c.bad(at, "is not E.164", `write "+" and 8 to 15 digits, such as +14155550100`)
			}
			continue
		}
		if why := badURI(to); why != "" {
			c.bad(at, why, "write sip:user@host:port, or a number such as +14155550100")
		}
	}
	c.span(path+"ring", b.Ring, shortestRing, longestRing, "1s to 3m")
	c.span(path+"window", b.Window, shortestWindow, longestWindow, "1s, which is as good as none, to 168h")
}

// span checks a duration that may be left out.
func (c *settingsCheck) span(path string, d, least, most time.Duration, mend string) {
	if c.doc.Has(path) && (d < least || d > most) {
		c.bad(path, "is too short or too long", "write "+mend)
	}
}

func (c *settingsCheck) notify() {
	path := c.path + "notify"
	if len(c.s.Notify) > mostNotifications {
		c.bad(path, "has more than "+strconv.Itoa(mostNotifications)+" entries", "let one of them tell the others")
	}
	for i, n := range c.s.Notify {
		entry := at(path, i, "")
		c.destination(entry, n)
		switch s := string(n.Secret); {
		case s == "":
		case n.Kind != NotifyWebhook:
			c.bad(entry+".secret", "is for webhooks", "remove it")
		case len(s) > longestSecret || !printable(s):
			c.bad(entry+".secret", "cannot be a key", "write up to "+strconv.Itoa(longestSecret)+" printable ASCII characters")
		}
		c.told(entry, n)
		if slices.ContainsFunc(c.s.Notify[:i], func(o Notification) bool { return o.Kind == n.Kind && o.To == n.To }) && n.To != "" {
			c.bad(entry, "is there twice", "name each once")
		}
	}
}

// told checks what is told of a call.
func (c *settingsCheck) told(entry string, n Notification) {
	switch path := entry + ".events"; {
	case len(n.Events) == 0 && c.doc.Has(path):
		c.bad(path, "has no events, so nothing would be told", "write placed, answered or ended, or remove the key")
	case len(n.Events) > 0 && (n.Kind == NotifyListen || n.Kind == NotifyBarge):
		c.bad(path, "is not for a call that listens, which lasts as long as the call", "remove it")
	}
	for i, e := range n.Events {
		if slices.Contains(n.Events[:i], e) {
			c.bad(at(entry+".events", i, ""), "is there twice", "name each event once")
		}
	}
}

// destination checks where a notification goes.
func (c *settingsCheck) destination(entry string, n Notification) {
	flaw := CheckNotification(n.Kind, n.To)
	switch {
	case n.Kind == 0:
		if !c.doc.Has(entry + ".kind") {
			c.bad(entry, "notification has no kind", "write kind: webhook, email, message, listen, barge, sms or voice")
		}
	case flaw == nil:
	case n.To == "":
		c.bad(entry, "notification has no to", flaw.Mend)
	default:
		c.bad(entry+".to", flaw.Message, flaw.Mend)
	}
}

// CheckNotification says what keeps a notification of a kind from going to somebody, nil for nothing.
func CheckNotification(k NotificationKind, to string) *Flaw {
	why, mend := "", ""
	switch k {
	case NotifyWebhook:
		why, mend = badWebhook(to), "write a URL such as https://desk.example.com/emergency"
	case NotifyEmail:
		why, mend = badEmail(to), "write an address such as security@example.com"
	case NotifyMessage, NotifyListen, NotifyBarge:
		why, mend = badURI(to), "write sip:user@host:port"
	case NotifySMS, NotifyVoice:
		if mend = "write a number such as +14155550100"; !numbering.Valid(to) {
			why = "is not E.164"
		}
	default:
		return &Flaw{"has no kind", "give it one"}
	}
	if len(to) > longestTo || !printable(to) {
		why = "cannot be sent to: it is too long or has characters that are not printable ASCII"
	}
	if to == "" {
		why = "is missing"
	}
	if why == "" {
		return nil
	}
	return &Flaw{why, mend}
}

func badURI(s string) string {
	if len(s) > longestTo || !printable(s) {
		return "is too long or has characters that are not printable ASCII"
	}
	if _, err := resolveURI(s, netip.AddrPort{}); err != nil {
		return err.Error()
	}
	return ""
}

func badWebhook(s string) string {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return "cannot be read as a URL"
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return "is not an http: or https: URL"
	case u.Fragment != "":
		return "has a fragment, which no server is told"
	}
	return ""
}

func badEmail(s string) string {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s {
		return "is not an e-mail address"
	}
	return ""
}

// printable tells whether s is of printable ASCII characters and spaces.
func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}
