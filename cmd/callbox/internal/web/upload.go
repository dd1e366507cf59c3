package web

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// upload is the body of a request that is a file, however large. huma would read it into memory.
type upload struct {
	kind, encoding string // Content-Type and Content-Encoding
	body           io.Reader
	control        *http.ResponseController
}

var _ huma.Resolver = (*upload)(nil)

// Resolve takes the body from the request.
func (u *upload) Resolve(c huma.Context) []error {
	_, w := humago.Unwrap(c)
	u.kind, u.encoding = c.Header("Content-Type"), c.Header("Content-Encoding")
	u.body, u.control = c.BodyReader(), http.NewResponseController(w)
	return nil
}

// acceptable refuses a body that is plainly not the file itself. What clients say of a file is otherwise not believed:
// curl calls everything a form.
func (u *upload) acceptable() error {
	kind, _, err := mime.ParseMediaType(u.kind)
	switch {
	case u.encoding != "" && u.encoding != "identity":
		return huma.Error415UnsupportedMediaType("the body is compressed; send the CSV file as it is")
	case err == nil && (strings.HasPrefix(kind, "multipart/") || strings.HasSuffix(kind, "json")):
		return huma.Error415UnsupportedMediaType("the body is " + kind + "; send the CSV file itself, as curl --data-binary @numbers.csv does")
	}
	return nil
}

// toDisk writes the body to a file in dir that has no name, so that nothing of it stays whatever happens.
func (u *upload) toDisk(dir string) (*os.File, error) {
	file, err := os.CreateTemp(dir, ".callbox-import-*")
	if err != nil {
		return nil, diskError(err)
	}
	err = os.Remove(file.Name())
	if err == nil {
		_, err = io.Copy(file, patientReader{u.body, u.control, time.Now().Add(maxUpload)})
	}
	_ = u.control.SetReadDeadline(time.Time{}) // there is no more to read: from now on it would only look like the client's going
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		_ = file.Close()
		return nil, diskError(err)
	}
	return file, nil
}

// diskError turns what a file on its way to the disk met into the API's error.
func diskError(err error) error {
	var large *http.MaxBytesError
	var file *os.PathError
	switch {
	case errors.As(err, &large):
		return huma.NewError(http.StatusRequestEntityTooLarge, fmt.Sprintf("the file has more than %d bytes; import it in parts", large.Limit))
	case errors.As(err, &file):
		return huma.ErrorWithHeaders(huma.Error503ServiceUnavailable("there is no room for the file: "+file.Err.Error()+"; nothing was changed"), http.Header{"Retry-After": {"10"}})
	case errors.Is(err, os.ErrDeadlineExceeded):
		return huma.NewError(http.StatusRequestTimeout, "the file did not come in time; nothing was changed")
	}
	return huma.Error400BadRequest("the file did not come whole; nothing was changed")
}

// patientReader gives the client time as long as it sends.
type patientReader struct {
	r       io.Reader
	control *http.ResponseController
	end     time.Time // of all patience
}

func (p patientReader) Read(b []byte) (int, error) {
	next := time.Now().Add(patience)
	if next.After(p.end) {
		next = p.end
	}
	_ = p.control.SetReadDeadline(next)
	return p.r.Read(b)
}
