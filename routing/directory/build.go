package directory

import (
	"crypto/sha256"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"callbox/config/strict"
	"callbox/routing/area"
	"callbox/routing/numbering"
)

// builder turns a decoded file into a File and collects what is wrong with it.
type builder struct {
	opts     Options
	file     string
	doc      *strict.Document
	problems strict.Problems
	f        file
	n        *Network
	out      *File
	read     [][]byte // the source, and every file that it names

	accounts    map[string]AccountRecord
	acls, lists map[string]string // SIDs by name
	byAddress   map[string]*AddressRecord
	byNumber    map[string]*NumberRecord
	numbers     []*NumberRecord // as the file lists them, bad ones included
	domains     map[string]owned
	trunks      map[string]owned
	domainHosts hosts[string]
	trunkHosts  hosts[string]
	sids        map[string]taken
	locations   map[accountID]*LocationRecord
}

// owned is a thing and whose it is.
type owned struct{ sid, account string }

// taken is what has a SID already.
type taken struct {
	path string
	made bool // from its name, not written in the file
}

// Parse takes a directory file apart; file names the source in problems. With problems the File is nil, and every problem
// is reported at once.
func Parse(file string, src []byte, o Options) (*File, strict.Problems) {
	if !o.Sim.IsValid() {
		o.Sim = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), simPort)
	}
	if o.Read == nil {
		o.Read = os.ReadFile
	}
	b := &builder{opts: o, n: &Network{guide: area.LabGuide()}, file: file, out: &File{}, sids: make(map[string]taken), read: [][]byte{src}}
	b.doc, b.problems = strict.Decode(file, src, &b.f)
	if b.doc.Complete() {
		b.build()
	}
	if len(b.problems) > 0 {
		b.problems.Sort()
		return nil, b.problems
	}
	digest := sha256.New()
	for _, text := range b.read {
		digest.Write(text)
	}
	digest.Sum(b.out.Digest[:0])
	b.out.Network, b.out.doc, b.out.at = b.n, b.doc, make(map[string]string, len(b.sids))
	for sid, t := range b.sids {
		b.out.at[sid] = strings.TrimSuffix(t.path, ".sid")
	}
	return b.out, nil
}

// build runs the sections in the order in which they refer to one another.
func (b *builder) build() {
	b.plan()
	b.readGuides()
	b.readAddressPoints()
	b.buildAccounts()
	b.buildACLs()
	b.buildLists()
	b.buildCentres()
	b.buildResponders()
	b.buildBoundaries()
	b.buildLoST()
	b.buildAddresses()
	b.buildNumbers()
	b.buildDomains()
	b.buildTrunks()
	b.tieNumbers()
	b.buildLocations()
	b.buildEndpoints()
	b.buildEmergencyNumbers()
	b.buildServices()
}

func (b *builder) bad(path, message, mend string) {
	b.problems = append(b.problems, b.doc.Problem(path, message, mend))
}

// at returns the path of an entry of a list, or of something in it.
func at(list string, i int, rest string) string {
	return fmt.Sprintf("%s[%d]%s", list, i, rest)
}

// sid takes over a SID given in the file, or makes one from the name of the thing. Two that were both made are alike
// when their names are, which is reported by name.
func (b *builder) sid(path, given, prefix, name string) string {
	made := given == ""
	if made {
		given = makeSID(prefix, name)
	} else if !validSID(prefix, given) {
		b.bad(path, "is not a SID of this kind", "write "+prefix+" and 32 lower-case hex digits, or leave it out to have one made")
	}
	switch first, twice := b.sids[given]; {
	case !twice:
		b.sids[given] = taken{path, made}
	case !made:
		b.bad(path, "is the SID of "+first.path+" already", "give each its own, or leave it out to have one made")
	case !first.made:
		b.bad(path, "would be the SID of "+first.path+", which is made from the name of this", "write one of its own")
	}
	return given
}

// apart tells whether two things belong to different accounts. One whose account could not be found, which has been
// reported, belongs to none.
func apart(a, b string) bool { return a != "" && b != "" && a != b }

// known lists names for the mend of an unknown reference.
func known[T any](m map[string]T, what string) string {
	if len(m) == 0 {
		return "add it to " + what
	}
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	if len(names) > 12 {
		names = append(names[:12], "…")
	}
	return "add it to " + what + ", or write one of " + strings.Join(names, ", ")
}

// claim takes a name in m's key space and reports an empty or a second one.
func claim[T any](b *builder, m map[string]T, path, name, what string) bool {
	if name == "" {
		b.bad(path, what+" has no name", "give it one")
		return false
	}
	if _, taken := m[name]; taken {
		b.bad(path, "is there twice", "remove or rename one "+what)
		return false
	}
	return true
}

// plan merges the file's countries into the default emergency numbers.
func (b *builder) plan() {
	overrides := make(map[string]numbering.CountryPlan)
	for i, c := range b.f.Countries {
		p := numbering.CountryPlan{Emergency: c.Emergency, Test: c.Test, Services: c.Services}
		if _, twice := overrides[c.Country]; twice {
			b.bad(at("countries", i, ".country"), "is there twice", "put all of a country's numbers into one entry")
			continue
		}
		if err := numbering.CheckCountry(c.Country, p); err != nil {
			b.bad(at("countries", i, ""), err.Error(), "list the country's emergency numbers, the general one first")
			continue
		}
		overrides[c.Country] = p
	}
	plan, err := numbering.NewPlan(overrides)
	if err != nil { // every override was checked above
		b.bad("countries", err.Error(), "")
		plan, _ = numbering.NewPlan(nil)
	}
	b.n.plan = plan
	b.n.domainSuffixes = b.suffixes("domain_suffixes", b.f.DomainSuffixes)
	b.n.trunkSuffixes = b.suffixes("trunk_suffixes", b.f.TrunkSuffixes)
}

func (b *builder) buildAccounts() {
	b.accounts = make(map[string]AccountRecord)
	for i, f := range b.f.Accounts {
		path := at("accounts", i, ".sid")
		if f.SID == "" {
			b.bad(at("accounts", i, ""), "account has no sid", "write AC and 32 lower-case hex digits")
			continue
		}
		if !claim(b, b.accounts, path, f.SID, "account") {
			continue
		}
		if !validSID(sidAccount, f.SID) {
			b.bad(path, "is not an account SID", "write AC and 32 lower-case hex digits")
		}
		if f.BandwidthID != "" {
			b.bandwidthID(at("accounts", i, ".bandwidth_id"), f.BandwidthID)
		}
		b.accounts[f.SID] = AccountRecord(f)
		b.sids[f.SID] = taken{path: path}
		b.out.Customers.Accounts = append(b.out.Customers.Accounts, b.accounts[f.SID])
	}
	if len(b.f.Accounts) == 0 && len(b.problems) == 0 { // a misspelt key has been reported already
		b.bad("accounts", "there is no account", "add one with a sid")
	}
}

// bandwidthID checks an account's number at Bandwidth.
func (b *builder) bandwidthID(path, id string) {
	if len(id) > longestBandwidthID || strings.Trim(id, "0123456789") != "" {
		b.bad(path, "is not an account number of Bandwidth", "write up to "+strconv.Itoa(longestBandwidthID)+" digits, such as \"5001232\"")
		return
	}
	for _, a := range b.out.Customers.Accounts {
		if a.BandwidthID == id {
			b.bad(path, "is that of "+a.SID+" already", "give each account its own")
		}
	}
}

// account resolves a reference to an account, which may be left out where there is only one. It returns "" where there
// is none, which has been reported.
func (b *builder) account(path, sid string) string {
	if sid == "" {
		if len(b.out.Customers.Accounts) > 1 {
			b.bad(path, "has no account", "write which of the accounts owns it")
			return ""
		}
		return b.firstAccount()
	}
	if _, ok := b.accounts[sid]; !ok {
		b.bad(path+".account", "is not in accounts", known(b.accounts, "accounts"))
		return ""
	}
	return sid
}

// firstAccount is whose the lists are: a file does not say, since all of its accounts may map them.
func (b *builder) firstAccount() string {
	if len(b.out.Customers.Accounts) == 0 {
		return ""
	}
	return b.out.Customers.Accounts[0].SID
}

// buildServices takes the URIs of the edge's own services.
func (b *builder) buildServices() {
	t := b.f.Test
	if t.URI == "" {
		t.URI = "sip:test-service@" + simHost
	}
	t.Ring = b.ring("test_service.ring", t.Ring)
	b.n.test = TestService{ID: "test-service", Name: "933 test service", URI: b.uri("test_service.uri", t.URI), Ring: t.Ring}
	if b.f.Announcement == "" && !b.doc.Has("announcement") {
		b.f.Announcement = "sip:announce@" + simHost
	}
	if b.f.Announcement != "" {
		b.n.announcement = b.uri("announcement", b.f.Announcement)
	}
}

func (b *builder) uri(path, s string) string {
	u, err := resolveURI(s, b.opts.Sim)
	if err != nil {
		b.bad(path, err.Error(), "write sip:user@host:port, or sip:user@sim for a simulated centre")
	}
	return u
}
