package app

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"callbox/config"
)

// recheckAfter is how long a handshake trusts what the one before saw of the files.
const recheckAfter = 5 * time.Second

// certificates gives the TLS listeners their certificate and follows the files it comes from. A new one that cannot be
// used leaves the old one in place. A nil value has none.
type certificates struct {
	dir   *dataDir // holds the certificate made at first start
	hosts []string // which that one is made for
	now   func() time.Time
	log   zerolog.Logger

	current atomic.Pointer[tls.Certificate]
	begun   time.Time
	checked atomic.Int64 // nanoseconds from begun to the last look at the files, whatever the clock is set to meanwhile

	mu     sync.Mutex // guards the rest
	files  config.TLS
	seen   stamps
	unkept *ownPair // the one in force, where the disk refused it
	aging  string   // serial number of the last certificate whose expiry was warned of
}

// stamps tell two states of certificate and key file apart.
type stamps [2]struct {
	modified time.Time
	size     int64
}

// pair is a certificate that was read and can be used.
type pair struct {
	files config.TLS
	seen  stamps
	cert  *tls.Certificate
	own   *ownPair // could not be kept yet
}

// newCertificates reads the configured certificate, or the one in dir. Where there is none in dir, or one of our own
// making that does not last, it makes one for hosts and this machine; an operator's is never overwritten.
func newCertificates(dir *dataDir, hosts []string, o config.TLS, now func() time.Time, log zerolog.Logger) (*certificates, error) {
	c := &certificates{dir: dir, hosts: hosts, now: now, begun: now(), log: log}
	p, err := c.prepare(o)
	if err != nil {
		return nil, err
	}
	c.use(p)
	return c, nil
}

// serverConfig returns the TLS settings of the listeners, nil for a nil c.
func (c *certificates) serverConfig() *tls.Config {
	if c == nil {
		return nil
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
}

// get returns the certificate for a handshake, after a look at the files now and then.
func (c *certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	last := c.checked.Load()
	now := int64(c.now().Sub(c.begun))
	if now-last >= int64(recheckAfter) && c.checked.CompareAndSwap(last, now) {
		c.follow()
	}
	return c.current.Load(), nil
}

// follow reads the files again if they have changed.
func (c *certificates) follow() {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen, err := look(c.files)
	if err == nil && seen == c.seen {
		return
	}
	if err == nil {
		var p pair
		if p, err = read(c.files); err == nil {
			c.useLocked(p)
			c.log.Info().Str("certificate", c.files.Certificate).Time("expires_at", p.cert.Leaf.NotAfter.UTC()).Msg("new TLS certificate in use")
			return
		}
	}
	if seen != c.seen { // said once for each state of the files
		c.log.Error().Err(err).Msg("new TLS certificate cannot be used; the old one stays")
	}
	c.seen = seen
}

// prepare reads the certificate of o without using it yet.
func (c *certificates) prepare(o config.TLS) (pair, error) {
	if o.Certificate != "" {
		p, err := read(o)
		if err == nil {
			c.warnOfExpiry(p)
		}
		return p, err
	}
	own := c.own()
	there, err := either(own)
	if err != nil {
		return pair{}, err
	}
	if there {
		p, err := read(own)
		if err != nil {
			return pair{}, fmt.Errorf("%w; put a certificate and its key there, or delete both files to have new ones made", err)
		}
		if !ownMade(p.cert.Leaf) {
			c.warnOfExpiry(p)
			return p, nil
		}
		if !c.aged(p) && !c.early(p) {
			return p, nil
		}
	}
	if !there && c.dir.isGone() && c.file() == own.Certificate { // nobody has asked for another by taking the files away
		held, err := encode(c.current.Load())
		return pair{files: own, cert: c.current.Load(), own: &held}, err
	}
	made, err := makeCertificate(c.hosts, c.now())
	if err != nil {
		return pair{}, fmt.Errorf("make TLS certificate: %w", err)
	}
	if err := made.keep(own, c.dir.write); err == nil {
		return read(own)
	} else if !c.dir.excuses(err) {
		return pair{}, fmt.Errorf("make TLS certificate: %w", err)
	}
	cert, err := tls.X509KeyPair(made.certificate, made.key)
	return pair{files: own, cert: &cert, own: &made}, err
}

// own names the files in the data directory.
func (c *certificates) own() config.TLS {
	return config.TLS{
		Certificate: filepath.Join(c.dir.path, "tls-certificate.pem"),
		Key:         filepath.Join(c.dir.path, "tls-key.pem"),
	}
}

// keep writes the certificate that a disk kept from being written, or with all one that went with the data directory,
// unless there are other files by now.
func (c *certificates) keep(all bool) error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if all && c.unkept == nil && c.files == c.own() {
		held, err := encode(c.current.Load())
		if err != nil {
			return err
		}
		c.unkept = &held
	}
	if c.unkept == nil {
		return nil
	}
	if there, err := either(c.files); err != nil {
		return err
	} else if !there {
		if err := c.unkept.keep(c.files, c.dir.write); err != nil {
			return err
		}
		c.seen, _ = look(c.files) // else the next handshake looks
	}
	c.unkept = nil
	return nil
}

// either tells whether there is a certificate or a key: one alone is an operator's, too.
func either(files config.TLS) (bool, error) {
	for _, path := range []string{files.Certificate, files.Key} {
		_, err := os.Lstat(path)
		switch {
		case err == nil:
			return true, nil
		case !errors.Is(err, os.ErrNotExist):
			return false, fmt.Errorf("look for TLS certificate: %w", err)
		}
	}
	return false, nil
}

// aged tells whether p is in its last month or past it.
func (c *certificates) aged(p pair) bool { return p.cert.Leaf.NotAfter.Sub(c.now()) <= renewBefore }

// early tells whether p is from a time when the clock was ahead of now: nobody takes it for valid yet.
func (c *certificates) early(p pair) bool { return p.cert.Leaf.NotBefore.After(c.now()) }

// warnOfExpiry says once of a certificate which is not ours to renew that it will not last.
func (c *certificates) warnOfExpiry(p pair) {
	serial := p.cert.Leaf.SerialNumber.String()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.aged(p) || c.aging == serial {
		return
	}
	c.aging = serial
	c.log.Warn().Str("certificate", p.files.Certificate).Time("expires_at", p.cert.Leaf.NotAfter.UTC()).
		Str("mend", "put a new certificate and key in these files; they are taken up without a restart").
		Msg("TLS certificate expires soon and is not callbox's own, so it is not renewed")
}

// use puts p in force for handshakes from now on and tells whether it is another certificate than before.
func (c *certificates) use(p pair) (changed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.useLocked(p)
}

func (c *certificates) useLocked(p pair) bool {
	old := c.current.Swap(p.cert)
	c.files, c.seen, c.unkept = p.files, p.seen, p.own
	c.checked.Store(int64(c.now().Sub(c.begun)))
	return old == nil || !old.Leaf.Equal(p.cert.Leaf)
}

// file returns the name of the certificate's file.
func (c *certificates) file() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.files.Certificate
}

// expiry returns when the certificate in force expires.
func (c *certificates) expiry() time.Time { return c.current.Load().Leaf.NotAfter }

// read loads certificate and key and checks that they belong together.
func read(files config.TLS) (pair, error) {
	seen, err := look(files)
	if err != nil {
		return pair{}, fmt.Errorf("read TLS certificate: %w", err)
	}
	cert, err := tls.LoadX509KeyPair(files.Certificate, files.Key)
	if err != nil {
		return pair{}, fmt.Errorf("read TLS certificate %s with key %s: %w", files.Certificate, files.Key, err)
	}
	if cert.Leaf == nil {
		if cert.Leaf, err = x509.ParseCertificate(cert.Certificate[0]); err != nil {
			return pair{}, fmt.Errorf("read TLS certificate %s: %w", files.Certificate, err)
		}
	}
	return pair{files: files, seen: seen, cert: &cert}, nil
}

// look returns the state of both files.
func look(files config.TLS) (stamps, error) {
	var s stamps
	var errs []error
	for i, path := range []string{files.Certificate, files.Key} {
		info, err := os.Stat(path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		s[i].modified, s[i].size = info.ModTime(), info.Size()
	}
	return s, errors.Join(errs...)
}
