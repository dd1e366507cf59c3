package transfer

import (
	"slices"
	"strings"

	"callbox/config/strict"
)

// column is one of the columns of a file.
type column uint8

const (
	phoneNumber column = iota
	friendlyName
	service
	status
	trunk
	addressSID
	customerName
	street
	streetSecondary
	city
	region
	postalCode
	isoCountry
	addressFriendlyName
	columns // how many there are
)

// about is the name of each column and how many characters its values may have, which is what the API takes.
var about = [columns]struct {
	name    string
	longest int
}{
	phoneNumber: {"phone_number", 32}, friendlyName: {"friendly_name", 64}, service: {"service", 32},
	status: {"status", 32}, trunk: {"trunk", 255}, addressSID: {"address_sid", 34},
	customerName: {"customer_name", 128}, street: {"street", 128}, streetSecondary: {"street_secondary", 64},
	city: {"city", 64}, region: {"region", 64}, postalCode: {"postal_code", 16}, isoCountry: {"iso_country", 16},
	addressFriendlyName: {"address_friendly_name", 32},
}

func (c column) String() string { return about[c].name }

// text tells whether people write what they like into the column, which a spreadsheet may take for a formula.
func (c column) text() bool {
	switch c {
	case phoneNumber, service, status, addressSID:
		return false
	}
	return true
}

// names lists all columns.
func names() []string {
	all := make([]string, columns)
	for c := range columns {
		all[c] = c.String()
	}
	return all
}

// header says which value of a record belongs to which column.
type header struct {
	at    [columns]int // index of the column's value, -1 where the file does not have it
	width int          // values a record has
}

func (h *header) has(c column) bool { return h.at[c] >= 0 }

// hasAddress tells whether the file speaks of addresses at all.
func (h *header) hasAddress() bool {
	if h.has(addressSID) {
		return true
	}
	for c := customerName; c <= addressFriendlyName; c++ {
		if h.has(c) {
			return true
		}
	}
	return false
}

// readHeader makes sense of the first record. It returns false where nothing of the file can be told.
func (f *file) readHeader() bool {
	for c := range columns {
		f.header.at[c] = -1
	}
	fields, err := f.scan.next()
	if !f.goesOn(err) {
		if f.err == nil {
			f.report.add(Problem{Line: 1, Message: "the file is empty",
				Mend: "begin with a line of column names: " + strings.Join(names(), ",")})
		}
		return false
	}
	if err != nil || f.foreign(fields) {
		return false
	}
	f.header.width = len(fields)
	for i, x := range fields {
		f.readColumn(i, x)
	}
	if f.header.has(phoneNumber) {
		return true
	}
	f.report.add(Problem{Line: fields[0].line, Message: "there is no column phone_number",
		Mend: "begin the file with a line of column names: " + strings.Join(names(), ",")})
	return false
}

// readColumn takes in the i-th name of the header. A column without a name or values is what spreadsheets leave behind.
func (f *file) readColumn(i int, x field) {
	name := strings.ToLower(strings.TrimSpace(x.text))
	for c := range columns {
		if name != c.String() {
			continue
		}
		if f.header.has(c) {
			f.report.add(x.problem("", "is a column that is there twice", "remove one of them"))
			return
		}
		f.header.at[c] = i
		return
	}
	if name == "" {
		f.report.add(x.problem("", "is a column without a name", "name it or remove it"))
		return
	}
	mend := "the columns are " + strings.Join(names(), ", ")
	if near := nearest(name); near != "" {
		mend = "did you mean " + near + "?"
	}
	f.report.add(x.problem("", "is no column", mend))
}

// nearest returns the column a name is likely meant to be, "" for none.
func nearest(name string) string {
	for word, c := range map[string]column{
		"number": phoneNumber, "phone": phoneNumber, "did": phoneNumber, "e164": phoneNumber, "name": friendlyName,
		"state": region, "province": region, "zip": postalCode, "zip_code": postalCode, "country": isoCountry,
		"address": street, "customer": customerName, "trunk_sid": trunk, "emergency_address_sid": addressSID,
		"emergency_address_status": status, "address_status": status, "secondary": streetSecondary, "label": friendlyName,
	} {
		if name == word {
			return c.String()
		}
	}
	for c := range columns {
		if strict.Similar(name, c.String()) {
			return c.String()
		}
	}
	return ""
}

// foreign tells whether the header is of another kind of file, and says so.
func (f *file) foreign(fields []field) bool {
	first := fields[0]
	message, mend := "", "save it as CSV UTF-8, separated by commas"
	switch {
	case strings.HasPrefix(first.text, "\xff\xfe") || strings.HasPrefix(first.text, "\xfe\xff") || strings.Contains(first.text, "\x00"):
		message = "is no UTF-8 text"
	case strings.HasPrefix(first.text, "PK\x03\x04"):
		message = "is a spreadsheet or a ZIP archive, not CSV"
	case len(fields) == 1 && strings.Count(first.text, ";") >= 1:
		message = "is separated by semicolons"
	case len(fields) == 1 && strings.Count(first.text, "\t") >= 1:
		message = "is separated by tabs"
	case slices.ContainsFunc(fields, func(x field) bool { return strings.Contains(x.text, "\r") }):
		message, mend = "ends its lines with CR alone", "save it with lines that end with LF or CRLF"
	default:
		return false
	}
	f.report.add(Problem{Line: first.line, Message: "the file " + message, Mend: mend})
	return true
}
