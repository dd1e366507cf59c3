// Package wire is what Bandwidth's numbers API looks like on the wire: XML in and out, its error shape, paths below an
// account, pages. It owns no resource: it must not know what an order or an endpoint is, nor how rows are kept.
package wire

import (
	"encoding/xml"
	"fmt"
	"net"
	"net/http"
	"time"

	"callbox/routing/keys"
)

// Request is one that was matched and whose sender is known: what a handler works on.
type Request struct {
	*http.Request
	Principal keys.Principal
	AccountID string // as the path has it, which answers repeat
	Account   string // its SID, once it is known
	Source    string // the peer's address, for the audit
	Base      string // URL of the account as the client wrote it: "http://127.0.0.1:8080/api/accounts/9900778"
	document  []byte // the body of a POST or PUT
}

// Reply is a handler's answer.
type Reply struct {
	Status   int
	Location string // header, "" for none
	Body     any    // a struct with xml tags and an XMLName, nil for an empty body
}

// OK answers 200.
func OK(body any) Reply { return Reply{Status: http.StatusOK, Body: body} }

// Created answers 201 with something new and where it can be fetched.
func Created(location string, body any) Reply {
	return Reply{Status: http.StatusCreated, Location: location, Body: body}
}

// Time is how the API writes one: UTC with milliseconds.
func Time(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
}

// Links are where pages of a list are, in the provider's own spelling.
type Links struct {
	First string `xml:"first"`
	Next  string `xml:"next,omitempty"`
}

// Link writes one of Links.
func Link(url, rel string) string { return fmt.Sprintf("Link=<%s>;rel=%q;", url, rel) }

const header = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

func write(w http.ResponseWriter, r Reply) {
	if r.Location != "" {
		w.Header().Set("Location", r.Location)
	}
	if r.Body == nil {
		w.WriteHeader(r.Status)
		return
	}
	text, err := xml.Marshal(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(r.Status)
	_, _ = w.Write(append([]byte(header), text...)) // who went away does not read it
}

func peer(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
