package routing

import "callbox/routing/directory"

// Referral returns centre id as the target of a call that another centre sends on to it, given what deliver says of the
// caller. False: the directory has no such centre.
func Referral(s *directory.Snapshot, id string, deliver directory.Delivery) (Target, bool) {
	p, ok := s.Centre(id)
	if !ok {
		return Target{}, false
	}
	kind := TargetPSAP
	if p.ECC {
		kind = TargetECC
	}
	return target(p, kind, deliver), true
}
