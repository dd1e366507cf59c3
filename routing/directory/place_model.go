package directory

// Endpoint is somebody who calls by an alternate end user identifier (AEUI) rather than by a number.
type Endpoint struct {
	ID string // the AEUI, unique in its account
}

// EmergencyNumber is a designated number of the Emergency Calling API: a web hook says who calls and from where.
type EmergencyNumber struct {
	Number string // E.164
}
