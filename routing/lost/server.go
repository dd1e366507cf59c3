package lost

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"callbox/routing/directory"
)

// Options of a Server; Snapshot is required.
type Options struct {
	Snapshot func() *directory.Snapshot
	Source   string           // the server's name in answers (RFC 5222 section 4); "" is callbox.invalid
	Now      func() time.Time // nil is time.Now
	Validity time.Duration    // how long a mapping holds; 0 is an hour
	Logger   zerolog.Logger
}

// defaultValidity is how long clients may keep a mapping: a directory may be loaded anew at any time.
const defaultValidity = time.Hour

// Server answers LoST queries over the areas of the directory in force. It asks nobody else: a query that allows
// recursion is answered with what is known here.
type Server struct {
	o    Options
	salt [16]byte // of boundary keys

	mu      sync.Mutex
	network *directory.Network // in force since updated
	updated time.Time
	known   *bounds // nil until they are asked for
}

// NewServer returns a server. It has nothing to close.
func NewServer(o Options) *Server {
	if o.Source == "" {
		o.Source = "callbox.invalid"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Validity == 0 {
		o.Validity = defaultValidity
	}
	s := &Server{o: o}
	rand.Read(s.salt[:]) // never fails: crypto/rand aborts the process instead
	return s
}

// ServeHTTP takes one query by POST. What is wrong with a query is said in an answer of 200, as RFC 5222 section 14 has it;
// other statuses are for what is no query at all.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "LoST queries come by POST", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxQuery))
	if err != nil {
		status, why := http.StatusBadRequest, "the query could not be read"
		if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
			status, why = http.StatusRequestEntityTooLarge, "the query is longer than 64 kB"
		}
		http.Error(w, why, status)
		return
	}
	status, kind, text := s.Answer(r.Header.Get("Content-Type"), body)
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-cache")
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client has gone
}

// Answer returns the answer to a query: status, content type and body. It never fails.
func (s *Server) Answer(contentType string, query []byte) (status int, kind string, body []byte) {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil || media != ContentType && media != "application/xml" && media != "text/xml" {
		return http.StatusUnsupportedMediaType, "text/plain; charset=utf-8", []byte("LoST queries have the Content-Type " + ContentType + "\n")
	}
	q, f := readQuery(query)
	if f == nil {
		body, f = s.answer(q)
	}
	if f != nil {
		body = errorsOf(f, s.o.Source)
		s.o.Logger.Debug().Str("error", f.Name).Str("detail", f.Message).Msg("lost query failed")
	}
	return http.StatusOK, ContentType, body
}

func (s *Server) answer(q *query) ([]byte, *Fault) {
	if slices.Contains(q.path, s.o.Source) {
		return nil, fault("loop", "this server, %s, is in the path of the query already", s.o.Source)
	}
	d := s.o.Snapshot()
	if d == nil {
		return nil, fault("internalError", "no directory is loaded: try again later")
	}
	switch q.name {
	case "findService":
		return s.findService(d, q)
	case "listServices":
		return s.listServices(d, q)
	case "listServicesByLocation":
		return s.listServicesByLocation(d, q)
	default:
		return s.getServiceBoundary(d, q)
	}
}

// since returns when the first answer of the network was given, which stands for when a mapping was last updated.
func (s *Server) since(n *directory.Network) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.follow(n)
	return s.updated
}

// follow starts anew where the network is another one. It is called with mu held.
func (s *Server) follow(n *directory.Network) {
	if s.network != n {
		s.network, s.updated, s.known = n, s.o.Now(), nil
	}
}

// id makes a token of 128 bits.
func id(sum []byte) string { return hex.EncodeToString(sum[:16]) }
