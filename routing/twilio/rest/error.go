package rest

import (
	"fmt"
	"net/http"
	"strconv"
)

// Error is an answer in the provider's error shape. Its message goes to the client: it holds no secret and no internals.
type Error struct {
	Status  int // HTTP's
	Code    int // of the provider's error dictionary
	Message string
}

// Error writes the error for a log.
func (e *Error) Error() string { return fmt.Sprintf("%d: %s", e.Code, e.Message) }

// The provider's general codes. Those of a resource stand beside it. Codes ending in an HTTP status are the provider's own
// pattern; 20413 and 20415 follow it where its dictionary is silent.
const (
	CodeInvalid      = 20001 // a parameter is missing or wrong
	CodeDenied       = 20003 // not authenticated
	CodeMethod       = 20004 // method not allowed
	CodeForbidden    = 20403
	CodeNotFound     = 20404
	CodeConflict     = 20409
	CodeTooLarge     = 20413
	CodeContentType  = 20415
	CodeTooMany      = 20429
	CodeInternal     = 20500
	CodeUnavailable  = 20503
	CodeInvalidURL   = 21402
	CodeInvalidMeth  = 21403
	CodeInvalidPhone = 21421
	CodePageToken    = 21481
)

// Bad returns a 400 with a code and a message.
func Bad(code int, format string, args ...any) *Error {
	return &Error{http.StatusBadRequest, code, fmt.Sprintf(format, args...)}
}

// Missing is the error for a required parameter that is not there or empty.
func Missing(code int, name string) *Error {
	return Bad(code, "Missing required parameter %s in the post body", name)
}

// Invalid is the error for a parameter whose value cannot be used; why ends the sentence.
func Invalid(code int, name, format string, args ...any) *Error {
	return Bad(code, "Parameter %s is not valid: %s", name, fmt.Sprintf(format, args...))
}

// Unauthenticated is the answer to missing or wrong credentials. It says the same whatever was wrong with them.
func Unauthenticated() *Error {
	return &Error{http.StatusUnauthorized, CodeDenied, "Authenticate"}
}

// Forbidden is the answer to credentials that are right but may not do this.
func Forbidden(why string) *Error { return &Error{http.StatusForbidden, CodeForbidden, why} }

// Conflict is the answer to a write that another write overtook.
func Conflict(why string) *Error { return &Error{http.StatusConflict, CodeConflict, why} }

// Unavailable is the answer while the database is away: nothing was written, the client may try again.
func Unavailable() *Error {
	return &Error{http.StatusServiceUnavailable, CodeUnavailable, "Service is temporarily unavailable. Please try again."}
}

// Internal is the answer to a fault of ours; what it was is in the log only.
func Internal() *Error {
	return &Error{http.StatusInternalServerError, CodeInternal, "An internal server error has occurred"}
}

func notFound(path string) *Error {
	return &Error{http.StatusNotFound, CodeNotFound, "The requested resource " + path + " was not found"}
}

func methodNotAllowed(method, path string) *Error {
	return &Error{http.StatusMethodNotAllowed, CodeMethod, "Method " + method + " not allowed on " + path}
}

// jsonError and restException are the two spellings of an error; the order of fields is the provider's.
type jsonError struct {
	Code     int    `json:"code"`
	Message  string `json:"message"`
	MoreInfo string `json:"more_info"`
	Status   int    `json:"status"`
}

func (e *Error) body() jsonError {
	return jsonError{e.Code, e.Message, "https://www.twilio.com/docs/errors/" + strconv.Itoa(e.Code), e.Status}
}

// WriteError answers with e, in the format f, as Mux does: for whatever stands in front of a Mux and refuses a request
// itself, such as a limit on failed logins.
func WriteError(w http.ResponseWriter, f Format, e *Error) {
	if e.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="Twilio API"`)
	}
	write(w, f, Reply{e.Status, "RestException", e.body()})
}
