package transfer

import "strings"

// Spreadsheets take a cell that begins with one of these for a formula, which may run programs and send data away.
const formula = "=+-@\t\r\n"

// guard puts an apostrophe before a text that a spreadsheet would take for a formula, and before one that has
// apostrophes there already, so that unguard gives back every text as it was.
func guard(text string) string {
	if guarded(text, 0) {
		return "'" + text
	}
	return text
}

// unguard takes the apostrophe of guard away.
func unguard(text string) string {
	if guarded(text, 1) {
		return text[1:]
	}
	return text
}

// guarded tells whether text begins with apostrophes, as many as least or more, and then a formula's first character.
func guarded(text string, least int) bool {
	rest := strings.TrimLeft(text, "'")
	return len(text)-len(rest) >= least && rest != "" && strings.IndexByte(formula, rest[0]) >= 0
}
