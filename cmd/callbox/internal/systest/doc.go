// Package systest drives the real binary from outside, with SIPp, baresip, tshark, HTTP and signals, as the people and
// machines around an edge do. It has no code of its own, imports only what names a call record, and must not reach
// into the packages it tests.
package systest
