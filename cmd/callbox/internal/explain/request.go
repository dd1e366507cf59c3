package explain

import "callbox/routing"

// Request returns the request that the call of q would be decided by. Its error says which part of the question cannot be
// read.
func Request(q Question) (routing.Request, error) { return q.request() }
