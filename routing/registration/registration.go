// Package registration moves the emergency address of a number through its statuses as the provider does: what a
// request may change and when (Rules), and what comes of it after a while of lab time (Mover). It knows rows of the
// store and the lab clock; it must not know HTTP, or how a call is decided by a status.
package registration

import (
	"fmt"
	"slices"
	"time"

	"callbox/routing/directory/store"
)

// The values of store.Number.EmergencyAddressStatus, in Twilio's spelling.
const (
	Unregistered          = "unregistered"
	PendingRegistration   = "pending-registration"
	Registered            = "registered"
	RegistrationFailure   = "registration-failure"
	PendingUnregistration = "pending-unregistration"
	UnregistrationFailure = "unregistration-failure"
)

// The values of store.Number.EmergencyStatus, and the words that stand for a change that is still to come.
const (
	Active              = "Active"
	Inactive            = "Inactive"
	PendingActivation   = "Pending Activation"
	PendingDeactivation = "Pending Deactivation"
)

// Delays are how much lab time passes before a status moves.
type Delays struct {
	Register     time.Duration
	Unregister   time.Duration
	Reassociate  time.Duration // from a disassociation to the next association, in the US and Canada
	ReassociateX time.Duration // the same elsewhere
	Activate     time.Duration // until EmergencyStatus follows; strict only
}

// Quick returns the delays of a lab that does not want to wait but wants to see that a status is pending first.
func Quick() Delays {
	return Delays{Register: 3 * time.Second, Unregister: 3 * time.Second, Activate: 2 * time.Second}
}

// Realistic returns the provider's delays: 10 to 15 minutes for a registration, at most 5 for a change of EmergencyStatus,
// and between disassociating and associating anew 30 minutes in the US and Canada and 72 hours in the United Kingdom.
func Realistic() Delays {
	return Delays{
		Register: 12 * time.Minute, Unregister: 12 * time.Minute,
		Reassociate: 30 * time.Minute, ReassociateX: 72 * time.Hour, Activate: 4 * time.Minute,
	}
}

// DelaysOf returns the delays that configuration calls quick or realistic; quick for any other name.
func DelaysOf(name string) Delays {
	if name == "realistic" {
		return Realistic()
	}
	return Quick()
}

func (d Delays) reassociate(country string) time.Duration {
	if country == "US" || country == "CA" {
		return d.Reassociate
	}
	return d.ReassociateX
}

// Rules are what a request may do to a number's emergency address and status. Its methods work on a row that the caller
// read in the same transaction and saves afterwards; on an error they have changed nothing. They return a *Refusal for
// what the provider refuses.
type Rules struct {
	Delays  Delays
	Strict  bool             // EmergencyStatus is set by a request of its own and pending for a while; else it is ignored
	Lenient bool             // an address for emergencies that no guide knows is registered, too; its postal code finds the centre
	Failing []string         // E.164 numbers whose registration fails every time
	Now     func() time.Time // the lab clock; time.Now when nil
}

func (r Rules) now() time.Time {
	if r.Now == nil {
		return time.Now()
	}
	return r.Now()
}

// after returns the lab time d from now as the store keeps it.
func (r Rules) after(d time.Duration) int64 { return r.now().Add(d).UnixMilli() }

// Associate begins to register address a for n, which is then pending until the Mover comes. The address n already has,
// registered or on its way, changes nothing.
func (r Rules) Associate(t *store.Tx, n *store.Number, a store.Address) error {
	if n.EmergencyAddressSID == a.SID && settled(n) {
		return nil
	}
	if err := r.associable(n, a); err != nil {
		return err
	}
	next := Registered
	fails, err := r.fails(t, n.PhoneNumber, WhatRegistration)
	if err != nil {
		return err
	}
	if fails {
		next = RegistrationFailure
	}
	n.EmergencyAddressSID, n.EmergencyAddressStatus = a.SID, PendingRegistration
	n.StatusNext, n.StatusDue, n.ReassociateAfter = next, r.after(r.Delays.Register), 0
	return nil
}

// settled tells whether n's address is registered or will be, so that asking for it again changes nothing.
func settled(n *store.Number) bool {
	return n.EmergencyAddressStatus == Registered || n.EmergencyAddressStatus == PendingRegistration && n.StatusDue != 0
}

// associable says why n cannot take a now.
func (r Rules) associable(n *store.Number, a store.Address) error {
	switch status := n.EmergencyAddressStatus; {
	case !a.EmergencyEnabled, !a.Validated && !r.Lenient:
		return refuse(NotValidated, "address %s is not validated for emergency calling; update it with EmergencyEnabled=true first", a.SID)
	case n.Country != "" && a.IsoCountry != n.Country:
		return refuse(WrongCountry, "address %s is in %s and %s is a number of %s; use an address of the number's country", a.SID, a.IsoCountry, n.PhoneNumber, n.Country)
	case n.Service == "none":
		return refuse(NotCapable, "%s has neither E911 nor Basic 911; no emergency address can be registered for it", n.PhoneNumber)
	case status == PendingUnregistration:
		return refuse(Pending, "%s is still %s from %s; associate when its EmergencyAddressStatus is %s", n.PhoneNumber, status, n.EmergencyAddressSID, Unregistered)
	case status == UnregistrationFailure:
		return refuse(Occupied, "the address %s could not be unregistered from %s; disassociate it again first", n.EmergencyAddressSID, n.PhoneNumber)
	case n.EmergencyAddressSID == a.SID, status == RegistrationFailure:
		return nil // what did not work, or was never begun, is tried again
	case status == PendingRegistration:
		return refuse(Pending, "%s is still %s with %s; wait until that is done", n.PhoneNumber, status, n.EmergencyAddressSID)
	case status == Registered:
		return refuse(Occupied, "%s has the emergency address %s; disassociate it first and wait for %s", n.PhoneNumber, n.EmergencyAddressSID, Unregistered)
	}
	if until := time.UnixMilli(n.ReassociateAfter); r.now().Before(until) {
		e := refuse(Wait, "%s was disassociated a short while ago; it takes another emergency address from %s on", n.PhoneNumber, until.UTC().Format(time.RFC3339))
		e.Until = until.UTC()
		return e
	}
	return nil
}

// Disassociate begins to unregister n's address, which stays n's until the Mover comes. Without an address, or while that
// is already on its way, it changes nothing.
func (r Rules) Disassociate(t *store.Tx, n *store.Number) error {
	if n.EmergencyAddressSID == "" || n.EmergencyAddressStatus == PendingUnregistration && n.StatusDue != 0 {
		return nil
	}
	if n.EmergencyAddressStatus == PendingRegistration && n.StatusDue != 0 {
		return refuse(Pending, "%s is still %s with %s; disassociate when that is done", n.PhoneNumber, PendingRegistration, n.EmergencyAddressSID)
	}
	fails, err := r.fails(t, n.PhoneNumber, WhatUnregistration)
	if err != nil {
		return err
	}
	n.EmergencyAddressStatus, n.StatusNext = PendingUnregistration, Unregistered
	if fails {
		n.StatusNext = UnregistrationFailure
	}
	n.StatusDue = r.after(r.Delays.Unregister)
	n.ReassociateAfter = r.after(r.Delays.reassociate(n.Country))
	return nil
}

// SetEmergencyStatus takes a request's EmergencyStatus. Only strict rules heed it: the status then follows after a
// while, and emergency calling is activated only on a registered address.
func (r Rules) SetEmergencyStatus(_ *store.Tx, n *store.Number, active bool) error {
	want := Inactive
	if active {
		want = Active
	}
	switch coming := n.EmergencyStatusDue != 0; {
	case !r.Strict, coming && n.EmergencyStatusNext == want, !coming && n.EmergencyStatus == want:
		return nil
	case coming:
		return refuse(Pending, "EmergencyStatus of %s is %s; wait until that is done", n.PhoneNumber, ShownEmergencyStatus(*n))
	case active && n.EmergencyAddressStatus != Registered:
		return refuse(NotRegistered, "EmergencyStatus of %s can be Active only with a registered emergency address; its EmergencyAddressStatus is %s", n.PhoneNumber, n.EmergencyAddressStatus)
	}
	n.EmergencyStatusNext, n.EmergencyStatusDue = want, r.after(r.Delays.Activate)
	return nil
}

// Combined refuses, when strict, a request that both associates or disassociates an address and sets EmergencyStatus.
func (r Rules) Combined(address, status bool) error {
	if !r.Strict || !address || !status {
		return nil
	}
	e := refuse(Together, "EmergencyAddressSid and EmergencyStatus cannot be set in one request; send two, the address first")
	e.Code = 22222
	return e
}

// ShownEmergencyStatus returns n's EmergencyStatus as a response shows it: a change that is on its way, which only strict
// rules begin, is pending.
func ShownEmergencyStatus(n store.Number) string {
	switch {
	case n.EmergencyStatusDue == 0:
		return n.EmergencyStatus
	case n.EmergencyStatusNext == Active:
		return PendingActivation
	}
	return PendingDeactivation
}

// Reason says why a request was refused.
type Reason uint8

// The reasons of a Refusal.
const (
	Pending       Reason = iota + 1 // an earlier request is not done yet
	Occupied                        // another address must be disassociated first
	Wait                            // the last disassociation is too recent; Until says when it is not
	NotValidated                    // the address is not for emergencies
	WrongCountry                    // the address is in another country than the number
	NotCapable                      // the number takes no emergency address
	NotRegistered                   // emergency calling wants a registered address
	Together                        // two requests were wanted
)

// Refusal is a request that the provider's rules do not let pass.
type Refusal struct {
	Reason   Reason
	Code     int       // Twilio's error code where it has one for just this, else 0
	Until    time.Time // with Wait: the lab time from which it is possible
	sentence string
}

// Error returns a sentence for whoever sent the request.
func (e *Refusal) Error() string { return e.sentence }

func refuse(reason Reason, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, sentence: fmt.Sprintf(format, args...)}
}

// failing tells whether configuration has the number fail every time.
func (r Rules) failing(phone string, what What) bool {
	return what == WhatRegistration && slices.Contains(r.Failing, phone)
}
