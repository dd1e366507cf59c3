package config

import (
	"crypto/tls"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"callbox/config/strict"
)

// source is where options came from: the file's document, and the variables that override it.
type source struct {
	file string
	doc  *strict.Document
	env  map[string]Variable // by option path
}

// Load reads the YAML file at path over the defaults, then CALLBOX_* variables from environ (os.Environ()) over both, and
// checks the outcome, including that the files it names are there and the certificate fits its key. Path "" is no file.
// It returns every problem found; with any, the options must not be used.
func Load(path string, environ []string) (Options, strict.Problems) {
	var src []byte
	if path != "" {
		var err error
		if src, err = readFile(path); err != nil {
			return Defaults(), strict.Problems{{File: path, Message: "cannot be read: " + reason(err), Mend: "check the path and its permissions"}}
		}
	}
	o, from, problems := parse(path, src, environ)
	c := checker{source: from, problems: problems}
	c.files(o)
	c.problems.Sort()
	return o, c.problems
}

// Parse is Load on text: src stands in for the contents of file, and no other file is looked at.
func Parse(file string, src []byte, environ []string) (Options, strict.Problems) {
	o, _, problems := parse(file, src, environ)
	return o, problems
}

func parse(file string, src []byte, environ []string) (Options, source, strict.Problems) {
	o := Defaults()
	doc, problems := strict.Decode(file, src, &o)
	from := source{file: file, doc: doc, env: map[string]Variable{}}
	relocate(&o, from)
	problems = append(problems, override(&o, environ, from)...)
	c := checker{source: from, problems: problems}
	c.options(o)
	c.problems.Sort()
	return o, from, c.problems
}

// readFile reads path as far as strict.Decode would take it.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, strict.MaxBytes+1))
}

// relocate makes the paths written in the file relative to its directory, so that a configuration and the files it names
// can be moved together. Those of the environment and the defaults stay relative to the working directory.
func relocate(o *Options, from source) {
	dir := filepath.Dir(from.file)
	if from.file == "" || dir == "." {
		return
	}
	for path, p := range map[string]*string{
		"data":                &o.Data,
		"directory":           &o.Directory,
		"sip.tls.certificate": &o.SIP.TLS.Certificate,
		"sip.tls.key":         &o.SIP.TLS.Key,
		"sip.tls.client_ca":   &o.SIP.TLS.ClientCA,
		"sip.tls.ca":          &o.SIP.TLS.CA,
		"http.certificate":    &o.HTTP.Certificate,
		"http.key":            &o.HTTP.Key,
		"sim.scripts":         &o.Sim.Scripts,
	} {
		if *p != "" && !filepath.IsAbs(*p) && from.doc.Has(path) {
			*p = filepath.Join(dir, *p)
		}
	}
	if file, ok := o.Database.sqlite(); ok && file != "" && !filepath.IsAbs(file) && from.doc.Has("database.url") {
		o.Database.URL = Secret(sqliteScheme + filepath.Join(dir, file))
	}
}

// files checks what the options name on disk.
func (c *checker) files(o Options) {
	c.readable("directory", o.Directory)
	c.readable("sim.scripts", o.Sim.Scripts)
	if info, err := os.Stat(o.Data); err == nil && !info.IsDir() {
		c.add("data", "is not a directory", "name a directory; it is made if it does not exist")
	}
	c.keyPair("sip.tls.certificate", o.SIP.TLS.Certificate, "sip.tls.key", o.SIP.TLS.Key)
	c.authorities("sip.tls.client_ca", o.SIP.TLS.ClientCA)
	c.authorities("sip.tls.ca", o.SIP.TLS.CA)
	c.keyPair("http.certificate", o.HTTP.Certificate, "http.key", o.HTTP.Key)
}

// keyPair checks that a certificate and its key can be read and belong together.
func (c *checker) keyPair(certificatePath, certificate, keyPath, key string) {
	haveCertificate, haveKey := c.readable(certificatePath, certificate), c.readable(keyPath, key)
	if !haveCertificate || !haveKey {
		return
	}
	if _, err := tls.LoadX509KeyPair(certificate, key); err != nil {
		c.add(certificatePath, "cannot be used with "+keyPath+": "+err.Error(), "give a PEM certificate chain, leaf first, and the PEM key of the leaf")
	}
}

// readable tells whether file is set and can be read, and adds a problem when it is set and cannot.
func (c *checker) readable(path, file string) bool {
	if file == "" {
		return false
	}
	info, err := os.Stat(file)
	if err == nil && info.IsDir() {
		err = errors.New("it is a directory")
	}
	if err == nil {
		var f *os.File
		if f, err = os.Open(file); err == nil {
			err = f.Close()
		}
	}
	if err != nil {
		c.add(path, "cannot be read: "+reason(err), "check the path, which is relative to the configuration file, and its permissions")
		return false
	}
	return true
}

// reason is the bare cause of a file error: the path is named beside it already.
func reason(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err.Error()
	}
	return err.Error()
}
