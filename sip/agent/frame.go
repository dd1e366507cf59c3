package agent

import (
	"bytes"
	"errors"
	"strconv"
	"time"
)

// framer cuts the bytes of one connection into messages (RFC 3261 section 18.3). sipgo's own stream parser takes a
// header field for whole that is folded into the next segment, and lets go of what it could not parse.
//
//	CRLF* start-line CRLF *(header CRLF) CRLF body
//	      |<------------ head ------------->|<-- Content-Length -->|
type framer struct {
	store      []byte
	begin, end int // what was read and not yet taken lies between
	blank      int // line ends seen since the last message: two are a keepalive
	looked     int // how much of that holds no end of a head
	used       bool
	size       int // of the message at the front, 0 while its head is not complete
}

const (
	framerRoom = 4096 // what an idle connection keeps
	framerTry  = 256  // what one has that has sent nothing yet
)

var (
	errNoLength = errors.New("no Content-Length, so that the end of the message cannot be found")
	errLength   = errors.New("Content-Length cannot be read")
	errTooLarge = errors.New("the message is too large")
)

// room returns space to read into.
func (f *framer) room() []byte {
	if !f.used {
		f.used, f.store = true, make([]byte, framerTry)
		return f.store
	}
	if f.begin == f.end {
		f.begin, f.end = 0, 0
		if len(f.store) > framerRoom {
			f.store = nil
		}
	}
	if len(f.store)-f.end < framerRoom/4 {
		store := f.store
		if held := f.end - f.begin; len(store) < held+framerRoom/2 {
			store = make([]byte, max(framerRoom, 2*held))
		}
		f.end = copy(store, f.store[f.begin:f.end])
		f.store, f.begin = store, 0
	}
	return f.store[f.end:]
}

// took tells how much of room was filled.
func (f *framer) took(n int) { f.end += n }

func (f *framer) rest() []byte { return f.store[f.begin:f.end] }

// partial tells whether a message has begun and is not complete.
func (f *framer) partial() bool {
	b := f.rest()
	return len(b) > 1 || len(b) == 1 && b[0] != '\r'
}

// next returns the next complete message, valid until the next call of room, or nil when more has to be read; ping is
// a keepalive that came before it (RFC 5626 section 3.5.1). After an error the connection cannot be used.
func (f *framer) next() (msg []byte, ping bool, err error) {
	for b := f.rest(); len(b) >= 2 && b[0] == '\r' && b[1] == '\n'; b = f.rest() {
		f.drop(2)
		if f.blank++; f.blank == 2 {
			f.blank = 0
			return nil, true, nil
		}
	}
	b := f.rest()
	if f.size == 0 {
		end := bytes.Index(b[f.looked:], []byte("\r\n\r\n"))
		if end < 0 {
			f.looked = max(0, len(b)-3)
			if len(b) > maxDatagram {
				return nil, false, errTooLarge
			}
			return nil, false, nil
		}
		head := f.looked + end + 4
		n, err := contentLength(b[:head])
		if err != nil {
			return nil, false, err
		}
		if n > maxDatagram-head {
			return nil, false, errTooLarge
		}
		f.size = head + n
	}
	if len(b) < f.size {
		return nil, false, nil
	}
	msg = b[:f.size]
	f.drop(f.size)
	f.size, f.blank = 0, 0
	return msg, false, nil
}

func (f *framer) drop(n int) {
	f.begin += n
	f.looked = 0
}

// crumbs has a message that comes in many small pieces read in larger ones: each costs a read, and thousands of
// connections that drip a byte now and then would take the processor from everybody else.
type crumbs struct {
	begun time.Time
	reads int
}

const (
	crumbReads = 4           // that a message may take, however small,
	crumbSize  = 256         // and one more for so many bytes of it: no segment of TCP is as small as that, but the last
	crumbPause = time.Second // the longest
)

// pause returns how long to wait before the next read: as long as the message has taken so far, so that what waits for
// it is at most doubled.
func (c *crumbs) pause(in *framer, taken bool, now time.Time) time.Duration {
	switch {
	case !in.partial():
		c.reads = 0
		return 0
	case taken || c.reads == 0:
		c.reads, c.begun = 0, now
	}
	if c.reads++; c.reads <= crumbReads+len(in.rest())/crumbSize {
		return 0
	}
	return min(now.Sub(c.begun), crumbPause)
}

// contentLength reads the one field of a head that frames need. A field given twice with one value is the reader's
// business; with two values nobody can tell where the message ends.
func contentLength(head []byte) (int, error) {
	found := -1
	for len(head) > 0 {
		line := head
		for i := 0; ; i++ { // up to a line end that no fold follows
			n := bytes.IndexByte(head[i:], '\n')
			if n < 0 {
				break
			}
			if i += n; i+1 >= len(head) || head[i+1] != ' ' && head[i+1] != '\t' {
				line = head[:i+1]
				break
			}
		}
		head = head[len(line):]
		name, value, ok := bytes.Cut(line, []byte(":"))
		if name = bytes.TrimSpace(name); !ok || !bytes.EqualFold(name, []byte("Content-Length")) && !bytes.EqualFold(name, []byte("l")) {
			continue
		}
		n, err := strconv.ParseUint(string(bytes.TrimSpace(value)), 10, 31)
		if err != nil || found >= 0 && found != int(n) {
			return 0, errLength
		}
		found = int(n)
	}
	if found < 0 {
		return 0, errNoLength
	}
	return found, nil
}
