package area

// stateCode returns the code of a state by its name as Word writes it.
func stateCode(country, name string) (string, bool) {
	for _, s := range stateNames {
		if s.country == country && s.name == name {
			return s.code, true
		}
	}
	return "", false
}

// isStateOf tells whether s is the code or name of a state in the country's table.
func isStateOf(country, s string) bool {
	code := State(country, s)
	for _, state := range stateNames {
		if state.country == country && state.code == code {
			return true
		}
	}
	return false
}

// stateNames are the names people write where others write the code.
var stateNames = [...]struct{ country, name, code string }{
	{"US", "ALABAMA", "AL"}, {"US", "ALASKA", "AK"}, {"US", "ARIZONA", "AZ"}, {"US", "ARKANSAS", "AR"},
	{"US", "CALIFORNIA", "CA"}, {"US", "COLORADO", "CO"}, {"US", "CONNECTICUT", "CT"}, {"US", "DELAWARE", "DE"},
	{"US", "DISTRICT OF COLUMBIA", "DC"}, {"US", "FLORIDA", "FL"}, {"US", "GEORGIA", "GA"}, {"US", "HAWAII", "HI"},
	{"US", "IDAHO", "ID"}, {"US", "ILLINOIS", "IL"}, {"US", "INDIANA", "IN"}, {"US", "IOWA", "IA"},
	{"US", "KANSAS", "KS"}, {"US", "KENTUCKY", "KY"}, {"US", "LOUISIANA", "LA"}, {"US", "MAINE", "ME"},
	{"US", "MARYLAND", "MD"}, {"US", "MASSACHUSETTS", "MA"}, {"US", "MICHIGAN", "MI"}, {"US", "MINNESOTA", "MN"},
	{"US", "MISSISSIPPI", "MS"}, {"US", "MISSOURI", "MO"}, {"US", "MONTANA", "MT"}, {"US", "NEBRASKA", "NE"},
	{"US", "NEVADA", "NV"}, {"US", "NEW HAMPSHIRE", "NH"}, {"US", "NEW JERSEY", "NJ"}, {"US", "NEW MEXICO", "NM"},
	{"US", "NEW YORK", "NY"}, {"US", "NORTH CAROLINA", "NC"}, {"US", "NORTH DAKOTA", "ND"}, {"US", "OHIO", "OH"},
	{"US", "OKLAHOMA", "OK"}, {"US", "OREGON", "OR"}, {"US", "PENNSYLVANIA", "PA"}, {"US", "PUERTO RICO", "PR"},
	{"US", "RHODE ISLAND", "RI"}, {"US", "SOUTH CAROLINA", "SC"}, {"US", "SOUTH DAKOTA", "SD"},
	{"US", "TENNESSEE", "TN"}, {"US", "TEXAS", "TX"}, {"US", "UTAH", "UT"}, {"US", "VERMONT", "VT"},
	{"US", "VIRGINIA", "VA"}, {"US", "WASHINGTON", "WA"}, {"US", "WEST VIRGINIA", "WV"}, {"US", "WISCONSIN", "WI"},
	{"US", "WYOMING", "WY"},
	{"CA", "ALBERTA", "AB"}, {"CA", "BRITISH COLUMBIA", "BC"}, {"CA", "MANITOBA", "MB"},
	{"CA", "NEW BRUNSWICK", "NB"}, {"CA", "NEWFOUNDLAND AND LABRADOR", "NL"}, {"CA", "NOVA SCOTIA", "NS"},
	{"CA", "NORTHWEST TERRITORIES", "NT"}, {"CA", "NUNAVUT", "NU"}, {"CA", "ONTARIO", "ON"},
	{"CA", "PRINCE EDWARD ISLAND", "PE"}, {"CA", "QUEBEC", "QC"}, {"CA", "SASKATCHEWAN", "SK"}, {"CA", "YUKON", "YT"},
	{"AU", "AUSTRALIAN CAPITAL TERRITORY", "ACT"}, {"AU", "NEW SOUTH WALES", "NSW"},
	{"AU", "NORTHERN TERRITORY", "NT"}, {"AU", "QUEENSLAND", "QLD"}, {"AU", "SOUTH AUSTRALIA", "SA"},
	{"AU", "TASMANIA", "TAS"}, {"AU", "VICTORIA", "VIC"}, {"AU", "WESTERN AUSTRALIA", "WA"},
}

// HasState tells whether s is the code or the name of a state of a country; of one whose states are not known here, never.
func HasState(country, s string) bool { return s != "" && isStateOf(Country(country), Word(s)) }
