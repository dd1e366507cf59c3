package directory

import (
	"net/netip"
	"time"

	"callbox/routing/area"
)

// The shape of a directory file. Names are those of the YAML; doc comments of the model say what they mean.
type (
	file struct {
		DomainSuffixes []string      `yaml:"domain_suffixes"`
		TrunkSuffixes  []string      `yaml:"trunk_suffixes"`
		MSAG           []string      `yaml:"msag"` // files of street ranges, relative to this one
		ESNs           []fileESN     `yaml:"esns"`
		Boundaries     []string      `yaml:"boundaries"`     // files of service boundaries, likewise
		AddressPoints  []string      `yaml:"address_points"` // files of addresses with their points, likewise
		Countries      []fileCountry `yaml:"countries"`
		Accounts       []fileAccount `yaml:"accounts"`
		ACLs           []fileACL     `yaml:"acls"`
		Credentials    []fileList    `yaml:"credential_lists"`
		Domains        []fileDomain  `yaml:"domains"`
		Trunks         []fileTrunk   `yaml:"trunks"`
		Addresses      []fileAddress `yaml:"addresses"`
		Numbers        []fileNumber  `yaml:"numbers"`
		PSAPs          []filePSAP    `yaml:"psaps"`
		ECCs           []filePSAP    `yaml:"eccs"`
		Test           fileTest      `yaml:"test_service"`
		Announcement   string        `yaml:"announcement"`
		LoST           fileLoST      `yaml:"lost"`

		Locations        []fileLocation  `yaml:"locations"`
		Endpoints        []fileEndpoint  `yaml:"endpoints"`
		EmergencyNumbers []fileEmergency `yaml:"emergency_numbers"`
	}

	// fileCountry replaces or adds the short numbers of a country.
	fileCountry struct {
		Country   string            `yaml:"country"`
		Emergency []string          `yaml:"emergency"`
		Test      []string          `yaml:"test"`
		Services  map[string]string `yaml:"services"`
	}

	fileAccount struct {
		SID         string `yaml:"sid"`
		Name        string `yaml:"name"`
		BandwidthID string `yaml:"bandwidth_id"`
	}

	fileACL struct {
		SID      string         `yaml:"sid"`
		Name     string         `yaml:"name"`
		Networks []netip.Prefix `yaml:"networks"`
	}

	fileList struct {
		SID   string     `yaml:"sid"`
		Name  string     `yaml:"name"`
		Users []fileUser `yaml:"users"`
	}

	fileUser struct {
		User     string `yaml:"user"`
		Password Secret `yaml:"password"`
	}

	fileDomain struct {
		SID          string       `yaml:"sid"`
		Name         string       `yaml:"name"`
		Aliases      []string     `yaml:"aliases"`
		Account      string       `yaml:"account"`
		Emergency    bool         `yaml:"emergency_calling"`
		CallerID     fileCallerID `yaml:"emergency_caller_id"`
		Registration bool         `yaml:"registration"`
		Secure       bool         `yaml:"secure"`
		ACLs         []string     `yaml:"acls"`
		Credentials  []string     `yaml:"credential_lists"`
		Settings     Settings     `yaml:",inline"`
	}

	fileCallerID struct {
		Number string       `yaml:"number"`
		Mode   CallerIDMode `yaml:"mode"`
	}

	fileTrunk struct {
		SID         string   `yaml:"sid"`
		Name        string   `yaml:"name"`
		Aliases     []string `yaml:"aliases"`
		Account     string   `yaml:"account"`
		Secure      bool     `yaml:"secure"`
		ACLs        []string `yaml:"acls"`
		Credentials []string `yaml:"credential_lists"`
		Settings    Settings `yaml:",inline"`
	}

	fileAddress struct {
		SID        string `yaml:"sid"`
		ID         string `yaml:"id"`
		Account    string `yaml:"account"`
		Customer   string `yaml:"customer"`
		Street     string `yaml:"street"`
		Secondary  string `yaml:"secondary"`
		City       string `yaml:"city"`
		State      string `yaml:"state"`
		PostalCode string `yaml:"postal_code"`
		Country    string `yaml:"country"`
	}

	// fileNumber: without domains and trunks the number is tied to all of its account's; an empty list ties it to none.
	fileNumber struct {
		SID     string         `yaml:"sid"`
		Number  string         `yaml:"number"`
		Account string         `yaml:"account"`
		Service Service        `yaml:"service"`
		Address string         `yaml:"address"`
		Status  *AddressStatus `yaml:"address_status"`
		Domains *[]string      `yaml:"domains"`
		Trunks  *[]string      `yaml:"trunks"`
	}

	// filePSAP is a PSAP, or an ECC of Country.
	filePSAP struct {
		ID       string        `yaml:"id"`
		Name     string        `yaml:"name"`
		Country  string        `yaml:"country"`
		URI      string        `yaml:"uri"`
		Ring     time.Duration `yaml:"ring"`
		Answer   filePolicy    `yaml:"answer"`
		Deliver  Format        `yaml:"deliver"`
		Delivery delivery      `yaml:"delivery"`
		NG911    fileNG911     `yaml:"ng911"`
		SRTP     SRTP          `yaml:"srtp"`
		Capacity int           `yaml:"capacity"`
		Probe    *bool         `yaml:"probe"`
		Serves   area.Coverage `yaml:"serves"`
		Overflow []string      `yaml:"overflow"`
		Callback *fileUser     `yaml:"callback"`
		PANI     *filePANI     `yaml:"pani"`
	}

	// filePANI is numbers in E.164, or ranges of them: "+14155119001-+14155119010".
	filePANI struct {
		Numbers []string `yaml:"numbers"`
		Always  bool     `yaml:"always"`
	}

	// fileESN is who comes to the places of an emergency service number.
	fileESN struct {
		ESN    string `yaml:"esn"`
		Police string `yaml:"police"`
		Fire   string `yaml:"fire"`
		EMS    string `yaml:"ems"`
	}

	filePolicy struct {
		FollowRedirects bool `yaml:"follow_redirects"`
		HideEarlyMedia  bool `yaml:"hide_early_media"`
		QueueAnswers    bool `yaml:"queue_answers"`
	}

	fileLocation struct {
		ID          string     `yaml:"id"`
		Account     string     `yaml:"account"`
		Description string     `yaml:"description"`
		Point       *filePoint `yaml:"point"`
		Civic       fileCivic  `yaml:",inline"`
	}

	fileCivic struct {
		Customer   string `yaml:"customer"`
		Street     string `yaml:"street"`
		Secondary  string `yaml:"secondary"`
		City       string `yaml:"city"`
		State      string `yaml:"state"`
		PostalCode string `yaml:"postal_code"`
		Country    string `yaml:"country"`
	}

	// filePoint is in degrees of WGS84, and metres.
	filePoint struct {
		Lat *float64 `yaml:"lat"`
		Lon *float64 `yaml:"lon"`
		Alt *float64 `yaml:"alt"`
	}

	// fileEndpoint is at a location, or at an address of its own.
	fileEndpoint struct {
		ID       string     `yaml:"id"`
		Account  string     `yaml:"account"`
		PIDFLO   bool       `yaml:"pidf_lo"`
		Callback string     `yaml:"callback"`
		Name     string     `yaml:"name"`
		Language string     `yaml:"language"`
		Location string     `yaml:"location"`
		Address  *fileCivic `yaml:"address"`
	}

	fileEmergency struct {
		Number         string         `yaml:"number"`
		Account        string         `yaml:"account"`
		URL            string         `yaml:"url"`
		User           string         `yaml:"user"`
		Password       Secret         `yaml:"password"`
		Timeout        *time.Duration `yaml:"timeout"`
		RefuseOn404    bool           `yaml:"refuse_on_404"`
		TakeCaller     bool           `yaml:"take_caller"`
		ForbidInternal bool           `yaml:"forbid_internal"`
		Parameters     ParameterCase  `yaml:"parameters"`
	}

	fileTest struct {
		URI  string        `yaml:"uri"`
		Ring time.Duration `yaml:"ring"`
	}
)
