package call

import "fmt"

// EndReason is why a call ended. Each call has exactly one.
type EndReason uint8

// The reasons a call can end.
const (
	EndNone            EndReason = iota // the call is still up
	EndCallerHungUp                     // BYE from the caller
	EndCalleeHungUp                     // BYE from the call centre or the test service
	EndCallerCancelled                  // CANCEL before the answer
	EndRefused                          // Decide refused or challenged; the status says how
	EndBadRequest                       // the INVITE or its SDP could not be used
	EndNoTarget                         // every target failed or was out of service
	EndNoAck                            // no ACK for the 200 within 64*T1 (RFC 3261 section 13.3.1.4)
	EndMediaTimeout                     // no RTP from either side for the media time-out, not on hold
	EndLegLost                          // a leg's dialog died under us: 481, 408 or a broken transport
	EndTimeLimit                        // the longest duration of a call was reached
	EndSessionExpired                   // a session timer (RFC 4028) was not refreshed, or the refresh not answered
	EndNoPorts                          // no media ports were free
	EndShutdown                         // the edge was told to stop
	EndInternal                         // a defect of ours; the log has the stack
)

var endNames = [...]string{
	"", "caller_hung_up", "callee_hung_up", "caller_cancelled", "refused", "bad_request", "no_target", "no_ack",
	"media_timeout", "leg_lost", "time_limit", "session_expired", "no_media_ports", "shutdown", "internal_error",
}

// String returns the reason's snake_case name, "" for a call that is still up.
func (r EndReason) String() string {
	if int(r) < len(endNames) {
		return endNames[r]
	}
	return fmt.Sprintf("end(%d)", uint8(r))
}

// MarshalText writes the reason's name.
func (r EndReason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a reason's name; an unknown one is an error.
func (r *EndReason) UnmarshalText(b []byte) error {
	for i, n := range endNames {
		if n == string(b) {
			*r = EndReason(i)
			return nil
		}
	}
	return fmt.Errorf("unknown end reason %q", b)
}
