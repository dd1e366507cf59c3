package sim

import (
	_ "embed"
	"fmt"
	"maps"
	"net/http"
	"os"
	"strings"
	"time"

	"callbox/config/strict"
	"callbox/sip/audio"
	"callbox/sip/sdp"
)

//go:embed scripts.yaml
var embedded []byte

// Script says what a centre does with a call. The zero value answers at once and says nothing.
type Script struct {
	Name        string        // what the centre calls itself where no Centre gives it a name
	Ring        time.Duration // from the INVITE to Answer's outcome
	Answer      Outcome       // "" answers
	Status      int           // of a failure; 0 is 503
	EarlyMedia  bool          // rings by 183 with ring-back tone instead of 180
	Service     Service       // what it is, if not a call centre
	Greeting    string        // said first
	ReadBack    bool          // says which number and address were received
	Closing     string        // said last, and again after a repeat
	Then        Manner        // "" stays silent
	Wait        time.Duration // how long hang_up waits for a key first
	Farewell    string        // said before hang_up
	HangUpAfter time.Duration // from the answer; 0 never hangs up for that
	Reliable    bool          // its provisional answers are reliable (RFC 3262) where the caller takes that
	Timer       time.Duration // the session timer it asks for and refreshes (RFC 4028), in whole seconds; 0 asks for none
	Codecs      []audio.Codec // in order of preference; empty takes the caller's order
	Transfer    Transfer      // where the agent sends the caller; without a To nowhere
	SRTP        sdp.Security  // what it takes, and offers where it has to
	Mute        bool          // answers with SDP but neither sends nor reads media: cheap, for load
	Keys        map[string]Action
}

// Outcome is how a call to a centre comes out.
type Outcome string

// The outcomes.
const (
	OutcomeAnswer  Outcome = "answer"
	OutcomeBusy    Outcome = "busy"    // 486
	OutcomeFail    Outcome = "fail"    // Script.Status
	OutcomeSilence Outcome = "silence" // it rings until the caller gives up
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (o *Outcome) UnmarshalText(b []byte) error {
	return oneOf(o, b, OutcomeAnswer, OutcomeBusy, OutcomeFail, OutcomeSilence)
}

// Service is a thing that is called like a centre.
type Service string

// The services; "" is a call centre.
const (
	ServiceTest     Service = "test"     // reads back what is registered (933)
	ServiceAnnounce Service = "announce" // says its greeting as early media, then fails with Script.Status
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Service) UnmarshalText(b []byte) error { return oneOf(s, b, ServiceTest, ServiceAnnounce) }

// Manner is what a centre does once all is said.
type Manner string

// The manners.
const (
	ThenSilence Manner = "silence" // sends silence
	ThenEcho    Manner = "echo"    // sends back what it hears
	ThenTone    Manner = "tone"
	ThenHangUp  Manner = "hang_up"
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *Manner) UnmarshalText(b []byte) error {
	return oneOf(m, b, ThenSilence, ThenEcho, ThenTone, ThenHangUp)
}

// Action is what a DTMF key does.
type Action string

// The actions.
const (
	ActionRepeat   Action = "repeat" // says everything again
	ActionEcho     Action = "echo"
	ActionSilence  Action = "silence"
	ActionTone     Action = "tone"
	ActionHangUp   Action = "hang_up"
	ActionTransfer Action = "transfer" // does Script.Transfer
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *Action) UnmarshalText(b []byte) error {
	return oneOf(a, b, ActionRepeat, ActionEcho, ActionSilence, ActionTone, ActionHangUp, ActionTransfer)
}

// srtpWord is sdp.Security as a script writes it.
type srtpWord sdp.Security

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *srtpWord) UnmarshalText(b []byte) error {
	if (*sdp.Security)(s).UnmarshalText(b) != nil {
		return &strict.Invalid{Message: "is not known here", Mend: "write one of off, optional, required"}
	}
	return nil
}

func oneOf[T ~string](to *T, b []byte, known ...T) error {
	names := make([]string, len(known))
	for i, k := range known {
		if string(b) == string(k) {
			*to = k
			return nil
		}
		names[i] = string(k)
	}
	return &strict.Invalid{Message: "is not known here", Mend: "write one of " + strings.Join(names, ", ")}
}

// scripts is what the script files say.
type scripts struct {
	standard Script
	named    map[string]Script
}

// layer is a Script as a file writes it: what it leaves out comes from the script below.
type layer struct {
	Name        *string           `yaml:"name"`
	Ring        *time.Duration    `yaml:"ring"`
	Answer      *Outcome          `yaml:"answer"`
	Status      *int              `yaml:"status"`
	EarlyMedia  *bool             `yaml:"early_media"`
	Service     *Service          `yaml:"service"`
	Greeting    *string           `yaml:"greeting"`
	ReadBack    *bool             `yaml:"read_back"`
	Closing     *string           `yaml:"closing"`
	Then        *Manner           `yaml:"then"`
	Wait        *time.Duration    `yaml:"wait"`
	Farewell    *string           `yaml:"farewell"`
	HangUpAfter *time.Duration    `yaml:"hang_up_after"`
	Reliable    *bool             `yaml:"reliable"`
	Timer       *time.Duration    `yaml:"timer"`
	Codecs      []string          `yaml:"codecs"`
	SRTP        *srtpWord         `yaml:"srtp"`
	Transfer    *transferLayer    `yaml:"transfer"`
	Media       *bool             `yaml:"media"`
	Keys        map[string]Action `yaml:"keys"`
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// over returns s with what l says put over it.
func (l layer) over(s Script) Script {
	set(&s.Name, l.Name)
	set(&s.Ring, l.Ring)
	set(&s.Answer, l.Answer)
	set(&s.Status, l.Status)
	set(&s.EarlyMedia, l.EarlyMedia)
	set(&s.Service, l.Service)
	set(&s.Greeting, l.Greeting)
	set(&s.ReadBack, l.ReadBack)
	set(&s.Closing, l.Closing)
	set(&s.Then, l.Then)
	set(&s.Wait, l.Wait)
	set(&s.Farewell, l.Farewell)
	set(&s.HangUpAfter, l.HangUpAfter)
	set(&s.Reliable, l.Reliable)
	set(&s.Timer, l.Timer)
	if t := l.Transfer; t != nil {
		s.Transfer = Transfer{To: t.To, After: t.After, Attended: t.Attended, HangUp: t.HangUp}
	}
	if l.SRTP != nil {
		s.SRTP = sdp.Security(*l.SRTP)
	}
	if l.Media != nil {
		s.Mute = !*l.Media
	}
	if l.Codecs != nil {
		s.Codecs = nil
		for _, name := range l.Codecs {
			codec, _ := codecNamed(name)
			s.Codecs = append(s.Codecs, codec)
		}
	}
	if l.Keys != nil {
		s.Keys = maps.Clone(l.Keys)
	}
	return s
}

func codecNamed(name string) (audio.Codec, bool) {
	for _, c := range []audio.Codec{audio.PCMU, audio.PCMA} {
		if strings.EqualFold(name, c.String()) {
			return c, true
		}
	}
	return 0, false
}

// transferLayer is a Transfer as a file writes it.
type transferLayer struct {
	To       string        `yaml:"to"`
	After    time.Duration `yaml:"after"`
	Attended bool          `yaml:"attended"`
	HangUp   bool          `yaml:"hang_up"`
}

// layers is what the script files say, from the lowest to the highest.
type layers struct {
	standard []layer
	named    map[string][]layer
}

// loadScripts returns the embedded scripts with those of file put over them; file may be "". A script without a key takes
// it from the script of its name below, and at last from the default, which files change in the same way. Errors in the
// file are strict.Problems.
func loadScripts(file string) (scripts, error) {
	all := layers{named: map[string][]layer{}}
	if problems := all.read("scripts.yaml", embedded); len(problems) > 0 {
		return scripts{}, problems
	}
	if file != "" {
		src, err := os.ReadFile(file)
		if err != nil {
			return scripts{}, fmt.Errorf("scripts: %w", err)
		}
		if problems := all.read(file, src); len(problems) > 0 {
			return scripts{}, problems
		}
	}
	out := scripts{named: map[string]Script{}}
	for _, l := range all.standard {
		out.standard = l.over(out.standard)
	}
	for id, list := range all.named {
		s := out.standard
		for _, l := range list {
			s = l.over(s)
		}
		out.named[id] = s
	}
	return out, nil
}

// read puts the YAML in src on top.
func (all *layers) read(file string, src []byte) strict.Problems {
	var content struct {
		Default layer            `yaml:"default"`
		Centres map[string]layer `yaml:"centres"`
	}
	doc, problems := strict.Decode(file, src, &content)
	problems = append(problems, content.Default.check(doc, "default")...)
	all.standard = append(all.standard, content.Default)
	for id, l := range content.Centres {
		problems = append(problems, l.check(doc, "centres."+id)...)
		all.named[id] = append(all.named[id], l)
	}
	problems.Sort()
	return problems
}

// maxDuration bounds every duration of a script.
const maxDuration = 24 * time.Hour

func (l layer) check(doc *strict.Document, path string) (problems strict.Problems) {
	report := func(key, message, mend string) {
		problems = append(problems, doc.Problem(strings.TrimPrefix(path+"."+key, "."), message, mend))
	}
	for key, d := range map[string]*time.Duration{"ring": l.Ring, "wait": l.Wait, "hang_up_after": l.HangUpAfter, "timer": l.Timer} {
		if d != nil && (*d < 0 || *d > maxDuration) {
			report(key, "is out of range", "write a duration from 0s to 24h")
		}
	}
	if t := l.Transfer; t != nil {
		if t.After < 0 || t.After > maxDuration {
			report("transfer.after", "is out of range", "write a duration from 0s to 24h")
		}
		if strings.ContainsAny(t.To, " @<>?;") {
			report("transfer.to", "is no ID of a call centre", "write one of the directory, such as psap-sf")
		}
	}
	if l.Status != nil && (*l.Status < 300 || *l.Status > 699) {
		report("status", "is not the status of a failure", "write a number from 300 to 699")
	}
	for i, name := range l.Codecs {
		if _, ok := codecNamed(name); !ok {
			report(fmt.Sprintf("codecs[%d]", i), "is no codec of a centre", "write PCMU or PCMA")
		}
	}
	for key := range l.Keys {
		if len(key) != 1 || !audio.Digit(key[0]) {
			report("keys."+key, "is no key", "write one of 0 to 9, \"*\", \"#\", A to D")
		}
	}
	return problems
}

// failure returns the status and reason phrase that the script fails with.
func (s Script) failure() (status int, reason string) {
	switch {
	case s.Answer == OutcomeBusy:
		return 486, "Busy Here"
	case s.Status == 0:
		return 503, "Service Unavailable"
	}
	known := map[int]string{
		302: "Moved Temporarily", 404: "Not Found", 408: "Request Timeout", 480: "Temporarily Unavailable", 486: "Busy Here",
		488: "Not Acceptable Here", 500: "Server Internal Error", 503: "Service Unavailable", 600: "Busy Everywhere",
		603: "Decline", 604: "Does Not Exist Anywhere",
	}
	if reason = known[s.Status]; reason == "" {
		reason = http.StatusText(s.Status)
	}
	if reason == "" {
		reason = "Failed"
	}
	return s.Status, reason
}
