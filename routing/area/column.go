package area

import (
	"fmt"
	"slices"
	"strings"
)

// column is what a column of a guide's CSV file holds.
type column int

const (
	colCountry column = iota
	colState
	colCommunity
	colCodes
	colBefore
	colName
	colKind
	colEnd
	colLow
	colHigh
	colParity
	colESN
	columns
)

// headings are the names a column goes by, the first in our own files, the others in exports of MSAG software: words in
// lower case with underscores.
var headings = [columns][]string{
	colCountry:   {"country", "ctry", "iso_country"},
	colState:     {"state", "st", "province", "region", "msag_state"},
	colCommunity: {"community", "msag_community", "msag_community_name", "community_name", "comm", "msagcomm", "city", "locality"},
	colCodes:     {"postal_code", "postal_codes", "zip", "zip_code", "zipcode", "zip_codes", "postcode", "post_code"},
	colBefore:    {"prd", "pre_directional", "predirectional", "predir", "pre_dir", "prefix_directional", "directional_prefix", "dir_prefix", "st_predir", "prefix"},
	colName:      {"stn", "street_name", "street", "name", "stname", "st_name", "street_names"},
	colKind:      {"sts", "suffix", "street_suffix", "street_type", "st_type", "st_postyp", "type"},
	colEnd:       {"pod", "post_directional", "postdirectional", "postdir", "post_dir", "suffix_directional", "dir_suffix", "st_posdir"},
	colLow:       {"low", "low_range", "low_number", "lo", "from", "range_low", "low_address", "from_address"},
	colHigh:      {"high", "high_range", "high_number", "hi", "to", "range_high", "high_address", "to_address"},
	colParity:    {"parity", "o_e_b", "oeb", "o_e", "oe", "odd_even", "odd_even_both", "even_odd", "side"},
	colESN:       {"esn", "esn_number", "emergency_service_number", "emergency_service_zone", "esz"},
}

// required are the columns no file can do without.
var required = []column{colCommunity, colName, colLow, colHigh, colESN}

// heading returns the name we use for c in messages: the file's own where it has the column.
func (rd *reader) heading(c column) string {
	if i := rd.at[c]; i >= 0 {
		return rd.header[i]
	}
	return headings[c][0]
}

// readHeader finds the columns in the first line.
func (rd *reader) readHeader(fields []string, line int) {
	for c := range rd.at {
		rd.at[c] = -1
	}
	for i, f := range fields {
		f = shown(strings.TrimSpace(f))
		rd.header = append(rd.header, f)
		key := headingKey(f)
		c := slices.IndexFunc(headings[:], func(names []string) bool { return slices.Contains(names, key) })
		switch {
		case c < 0:
			if f != "" {
				rd.ignored = append(rd.ignored, f)
			}
		case rd.at[c] >= 0:
			rd.wrong(line, f, "", fmt.Sprintf("means the same as %q", rd.header[rd.at[c]]), "remove or rename one of them")
		default:
			rd.at[c] = i
		}
	}
	for _, c := range required {
		if rd.at[c] < 0 {
			rd.wrong(line, headings[c][0], "", "the column is missing",
				"the first line must name it: "+strings.Join(headings[c][:min(4, len(headings[c]))], ", "))
		}
	}
}

// headingKey writes a heading in lower case with underscores: "O/E/B" is o_e_b.
func headingKey(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), "_")
}
