package strict

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Invalid is the error of an UnmarshalText that knows how to mend the value. Message begins with a verb, as in
// "must end with an odd port", and does not quote the value, which is shown beside it.
type Invalid struct {
	Message, Mend string
}

// Error returns the message.
func (e *Invalid) Error() string { return e.Message }

// explain turns the error of an UnmarshalText into message and mend.
func explain(err error) (message, mend string) {
	if invalid, ok := errors.AsType[*Invalid](err); ok {
		return invalid.Message, invalid.Mend
	}
	return "is not valid: " + err.Error(), ""
}

// decodeScalar sets v, a type of isScalar, from n.
func (d *decoder) decodeScalar(n *yaml.Node, v reflect.Value, at place) {
	want := wanted(v.Type())
	switch {
	case n.Kind != yaml.ScalarNode:
		d.wrong(n, at, "must be "+want+", not "+kindOf(n), "write one value behind the colon")
		return
	case isNull(n) && !d.verbatim:
		d.wrong(n, at, "has no value", "give it "+want+", or remove the key")
		return
	}
	if err := d.setScalar(n, v); err != nil {
		message, mend := explain(err)
		if at.secret { // mends quote the value, and so may the text of a foreign error
			mend = ""
			if !errors.As(err, new(*Invalid)) {
				message = "is not valid"
			}
		}
		d.wrong(n, at, message, mend)
	}
}

// setScalar sets v from the scalar n, or returns why it cannot.
func (d *decoder) setScalar(n *yaml.Node, v reflect.Value) error {
	text := n.Value
	switch p := v.Addr().Interface().(type) {
	case *time.Duration:
		return setDuration(text, p)
	case *netip.Addr:
		return setAddr(text, p)
	case *netip.AddrPort:
		return setAddrPort(text, p)
	case *netip.Prefix:
		return setPrefix(text, p)
	case encoding.TextUnmarshaler:
		return p.UnmarshalText([]byte(text))
	}
	switch v.Kind() {
	case reflect.String:
		return d.setString(n, v)
	case reflect.Bool:
		return setBool(n, v)
	case reflect.Float32, reflect.Float64:
		return setFloat(n, v)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return setInt(n, v)
	default:
		return setUint(n, v)
	}
}

// setString takes numbers as they are written: a postal code 01234 or a telephone number +14155550100 keeps every
// digit. true and false are more likely a misplaced switch than a text.
func (d *decoder) setString(n *yaml.Node, v reflect.Value) error {
	if !d.verbatim && n.ShortTag() == "!!bool" {
		return &Invalid{"must be text, not true or false", `put it in quotes if it is meant as text`}
	}
	v.SetString(n.Value)
	return nil
}

func setBool(n *yaml.Node, v reflect.Value) error {
	if n.ShortTag() == "!!bool" && (strings.EqualFold(n.Value, "true") || strings.EqualFold(n.Value, "false")) {
		v.SetBool(strings.EqualFold(n.Value, "true"))
		return nil
	}
	switch strings.ToLower(n.Value) {
	case "yes", "on", "y", "1", "true":
		return &Invalid{"must be true or false", "write true"}
	case "no", "off", "n", "0", "false":
		return &Invalid{"must be true or false", "write false"}
	}
	return &Invalid{"must be true or false", ""}
}

func setInt(n *yaml.Node, v reflect.Value) error {
	bits := v.Type().Bits()
	i, err := strconv.ParseInt(n.Value, 10, 64)
	least, most := int64(math.MinInt64)>>(64-bits), int64(math.MaxInt64)>>(64-bits)
	if err := checkNumber(n, err, i >= least && i <= most, strconv.FormatInt(least, 10), strconv.FormatInt(most, 10)); err != nil {
		return err
	}
	v.SetInt(i)
	return nil
}

func setUint(n *yaml.Node, v reflect.Value) error {
	u, err := strconv.ParseUint(n.Value, 10, 64)
	if strings.HasPrefix(n.Value, "-") {
		if _, signed := strconv.ParseInt(n.Value, 10, 64); signed == nil {
			err = strconv.ErrRange
		}
	}
	most := uint64(math.MaxUint64) >> (64 - v.Type().Bits())
	if err := checkNumber(n, err, u <= most, "0", strconv.FormatUint(most, 10)); err != nil {
		return err
	}
	v.SetUint(u)
	return nil
}

// checkNumber tells what is wrong with a whole number: octal and hexadecimal ones are refused, as YAML's versions
// disagree on what 010 means.
func checkNumber(n *yaml.Node, err error, fits bool, least, most string) error {
	octal := len(strings.TrimLeft(n.Value, "-+")) > 1 && strings.TrimLeft(n.Value, "-+")[0] == '0'
	switch {
	case errors.Is(err, strconv.ErrRange), err == nil && !fits:
		return &Invalid{"is out of range", "write a whole number from " + least + " to " + most}
	case err == nil && n.ShortTag() == "!!str":
		return &Invalid{"must be a whole number, not text", "remove the quotes"}
	case err != nil, octal:
		return &Invalid{"must be a whole number", "write it in decimal digits"}
	}
	return nil
}

func setFloat(n *yaml.Node, v reflect.Value) error {
	f, err := strconv.ParseFloat(n.Value, 64)
	switch {
	case err != nil || math.IsNaN(f) || math.IsInf(f, 0) || v.OverflowFloat(f):
		return &Invalid{"must be a number", "write it as 1.5"}
	case n.ShortTag() == "!!str":
		return &Invalid{"must be a number, not text", "remove the quotes"}
	}
	v.SetFloat(f)
	return nil
}

func setDuration(text string, p *time.Duration) error {
	v, err := time.ParseDuration(text)
	if err == nil {
		*p = v
		return nil
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil && !strings.ContainsAny(text, "xXpPnNeE_") {
		return &Invalid{"is a duration without a unit", "write " + text + "s for seconds"}
	}
	return &Invalid{"is not a duration", "write a number and its unit, such as 500ms, 30s, 5m or 1h30m"}
}

func setAddr(text string, p *netip.Addr) error {
	v, err := netip.ParseAddr(text)
	if err == nil {
		*p = v
		return nil
	}
	if ap, err := netip.ParseAddrPort(text); err == nil {
		return &Invalid{"is an address with a port where only the address is wanted", "write " + ap.Addr().String()}
	}
	if inner, ok := strings.CutPrefix(text, "["); ok && strings.HasSuffix(inner, "]") {
		return &Invalid{"is not an IP address", "write it without the brackets"}
	}
	return &Invalid{"is not an IP address", "write one such as 192.0.2.1 or 2001:db8::1"}
}

func setAddrPort(text string, p *netip.AddrPort) error {
	v, err := netip.ParseAddrPort(text)
	if err == nil {
		*p = v
		return nil
	}
	const shape = "write address:port such as 127.0.0.1:5060 or \"[::1]:5060\""
	if a, err := netip.ParseAddr(text); err == nil {
		return &Invalid{"is an address without a port", "write " + netip.AddrPortFrom(a, 5060).String() + " with the port you mean"}
	}
	host, port, ok := strings.Cut(text, ":")
	if _, err := strconv.ParseUint(port, 10, 16); ok && err == nil {
		switch host {
		case "":
			return &Invalid{"is a port without an address", "write 0.0.0.0:" + port + " for every IPv4 address"}
		case "localhost":
			return &Invalid{"must begin with an IP address, not a name", "write 127.0.0.1:" + port}
		}
	}
	return &Invalid{"is not an IP address with a port", shape}
}

func setPrefix(text string, p *netip.Prefix) error {
	v, err := netip.ParsePrefix(text)
	if err == nil {
		*p = v
		return nil
	}
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		return &Invalid{"is an address where a range is wanted", fmt.Sprintf("write %s/%d for this address alone", a, a.BitLen())}
	}
	return &Invalid{"is not an address range", "write one such as 192.0.2.0/24 or 2001:db8::/32"}
}

// wanted names what a value of type t must be.
func wanted(t reflect.Type) string {
	switch t {
	case durationType:
		return "a duration"
	case reflect.TypeFor[netip.Addr]():
		return "an IP address"
	case reflect.TypeFor[netip.AddrPort]():
		return "an address with a port"
	case reflect.TypeFor[netip.Prefix]():
		return "an address range"
	}
	if reflect.PointerTo(t).Implements(textType) {
		return "a single value"
	}
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	}
	return "a whole number"
}
