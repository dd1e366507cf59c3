package registration

import (
	"errors"
	"fmt"
	"strconv"

	"callbox/routing/directory/store"
)

// What is a movement of statuses that a lab can have fail.
type What string

// The movements that can fail.
const (
	WhatRegistration   What = "registration"
	WhatUnregistration What = "unregistration"
)

// MaxFailures bounds how many failures of a number can be ordered at once.
const MaxFailures = 1000

// ErrOrder is in the error of an order of failures that cannot be taken.
var ErrOrder = errors.New("failures cannot be ordered")

// failureKey is where the store keeps how many movements of a number are still to fail.
func failureKey(phone string, what What) string { return "lab.fail." + string(what) + "." + phone }

// Fail has the next movements of a number fail, so many times; 0 takes back what was ordered before. A movement that is
// on its way is the first of them. The order is kept in the store, for restarts and other edges, and for a number that
// is not there yet. It returns how many are still to come after the one on its way.
func (r Rules) Fail(t *store.Tx, phone string, what What, times int) (left int, err error) {
	pending, fails, works := PendingRegistration, RegistrationFailure, Registered
	switch what {
	case WhatRegistration:
	case WhatUnregistration:
		pending, fails, works = PendingUnregistration, UnregistrationFailure, Unregistered
	default:
		return 0, fmt.Errorf("%w: what is %q; write registration or unregistration", ErrOrder, what)
	}
	if times < 0 || times > MaxFailures {
		return 0, fmt.Errorf("%w: times is %d; write 0 to %d", ErrOrder, times, MaxFailures)
	}
	numbers, err := store.Find[store.Number](t, store.Where("phone_number", phone))
	if err != nil {
		return 0, err
	}
	for i := range numbers {
		n := &numbers[i]
		if n.EmergencyAddressStatus != pending || n.StatusDue == 0 {
			continue
		}
		next := works
		if times > 0 {
			next, times = fails, times-1
		}
		if n.StatusNext = next; r.failing(phone, what) {
			n.StatusNext = fails
		}
		if err := store.Save(t, n); err != nil {
			return 0, err
		}
	}
	return times, setCount(t, failureKey(phone, what), times)
}

// fails tells whether the movement that now begins is to fail, and counts it.
func (r Rules) fails(t *store.Tx, phone string, what What) (bool, error) {
	if r.failing(phone, what) {
		return true, nil
	}
	key := failureKey(phone, what)
	text, err := t.Meta(key)
	if err != nil || text == "" {
		return false, err
	}
	left, err := strconv.Atoi(text)
	if err != nil || left <= 0 {
		return false, nil //nolint:nilerr // not a count of ours: nothing is ordered
	}
	return true, setCount(t, key, left-1)
}

// setCount keeps a count, none at all for 0.
func setCount(t *store.Tx, key string, n int) error {
	if n == 0 {
		return t.SetMeta(key, "")
	}
	return t.SetMeta(key, strconv.Itoa(n))
}
