// Package rest is the wire of the provider's REST APIs: forms in, JSON or XML out, errors, pages and paths in the shapes
// its client libraries expect. It owns no resource: it must not know what an address or a trunk is, nor how rows are kept.
package rest

import (
	"context"
	"net/http"
	"net/url"
)

// Format is how an answer is written.
type Format uint8

// The formats: JSON for a path that ends in .json and for all of the v1 APIs, XML for a 2010 path without a suffix.
const (
	JSON Format = iota
	XML
)

// Principal is who asks, as the authentication of a request found out.
type Principal struct {
	Name       string // for the audit: "AC…", "SK…"
	AccountSID string // the one account it may touch; "" any
	ReadOnly   bool   // may read, not write
}

// Request is one request that was matched, authenticated and read: what a handler works on.
type Request struct {
	ctx       context.Context
	Method    string
	Path      string // as asked, with its suffix
	Format    Format
	Principal Principal
	Source    string // the peer's address, for the audit
	BaseURL   string // scheme and host the client used: trunking answers carry whole URLs
	ID        string // Twilio-Request-Id, "RQ" and 32 hex digits
	vars      map[string]string
	query     url.Values
	form      url.Values
}

// Context ends when the client goes away.
func (r *Request) Context() context.Context { return r.ctx }

// Var returns what stood in the path where the pattern has {name}, "" if it has no such part.
func (r *Request) Var(name string) string { return r.vars[name] }

// Decode reads the request's parameters into dst, a pointer to a struct whose fields carry form tags (see Decode): those of
// the body on a POST, those of the query otherwise. The error names the parameter.
func (r *Request) Decode(dst any) error {
	if r.Method == http.MethodPost {
		return Decode(r.form, dst)
	}
	return Decode(r.query, dst)
}

// NotFound is the answer for something that is not there, or not this account's: which of the two is not told.
func (r *Request) NotFound() *Error { return notFound(r.Path) }

// Reply is a handler's answer. Value is a struct with json tags, a List, or nil for an empty body.
type Reply struct {
	Status int
	Name   string // XML's element for the value: "Address"
	Value  any
}

// OK answers 200 with a resource; name is its XML element.
func OK(name string, value any) Reply { return Reply{http.StatusOK, name, value} }

// Created answers 201 with the new resource.
func Created(name string, value any) Reply { return Reply{http.StatusCreated, name, value} }

// NoContent answers 204: it is deleted.
func NoContent() Reply { return Reply{Status: http.StatusNoContent} }
