package wire

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
)

// Error is an answer in the provider's error shape. It goes to the client: it holds no secret and no internals.
type Error struct {
	Status      int // HTTP's
	Code        int // of the provider's list of errors; 0 leaves ErrorCode out, as the provider does where it has none
	Description string
	Body        any // the whole answer, where that is not the usual shape
}

// Error writes the error for a log.
func (e *Error) Error() string { return fmt.Sprintf("%d: %s", e.Code, e.Description) }

// The provider's general codes. Those of a resource stand beside it.
const (
	CodeInternal   = 1000
	CodeDenied     = 1001
	CodeRequired   = 1003
	CodeDate       = 1007
	CodeValue      = 1008
	CodeBadRequest = 1019
	CodeNoAccount  = 12020
)

// Bad returns a 400 with a code and a description.
func Bad(code int, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: code, Description: fmt.Sprintf(format, args...)}
}

// Conflict returns a 409.
func Conflict(code int, format string, args ...any) *Error {
	return &Error{Status: http.StatusConflict, Code: code, Description: fmt.Sprintf(format, args...)}
}

// NotFound is the answer for something that is not there, or not this account's: which of the two is not told.
func NotFound(code int) *Error {
	return &Error{Status: http.StatusNotFound, Code: code, Description: "The resource does not exist"}
}

// Denied is the answer to credentials that are right but may not do this.
func Denied() *Error {
	return &Error{Status: http.StatusForbidden, Code: CodeDenied, Description: "Access Denied"}
}

// Unauthenticated is the answer to missing or wrong credentials. It says the same whatever was wrong with them.
func Unauthenticated() *Error {
	return &Error{Status: http.StatusUnauthorized, Code: CodeDenied, Description: "Access Denied"}
}

// Unavailable is the answer while the database is away: nothing was written, the client may try again.
func Unavailable() *Error {
	return &Error{Status: http.StatusServiceUnavailable, Code: CodeInternal, Description: "The service is temporarily unavailable. Please try again."}
}

// status is the provider's <ResponseStatus> below the answer's own root.
type status struct {
	XMLName     xml.Name
	Code        string `xml:"ResponseStatus>ErrorCode,omitempty"`
	Description string `xml:"ResponseStatus>Description"`
}

// WriteError answers with e below the root element of an operation's answers, "" for the general one: for whatever stands
// in front of the API and refuses a request itself.
func WriteError(w http.ResponseWriter, root string, e *Error) {
	if e.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="Bandwidth API"`)
	}
	if e.Body != nil {
		write(w, Reply{Status: e.Status, Body: e.Body})
		return
	}
	if root == "" {
		root = "ErrorResponse"
	}
	body := status{XMLName: xml.Name{Local: root}, Description: e.Description}
	if e.Code != 0 {
		body.Code = strconv.Itoa(e.Code)
	}
	write(w, Reply{Status: e.Status, Body: body})
}
