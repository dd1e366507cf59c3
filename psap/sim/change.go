package sim

import (
	"maps"

	"callbox/config/strict"
)

// SetScript makes centre id follow sc from its next call on, until ResetScript; an unknown id becomes a centre.
func (s *Server) SetScript(id string, sc Script) {
	sc.Keys = maps.Clone(sc.Keys)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed == nil {
		s.changed = make(map[string]Script)
	}
	s.changed[id] = sc
}

// ResetScript makes centre id follow the script of the files again, from its next call on.
func (s *Server) ResetScript(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.changed, id)
}

// Changed tells whether SetScript gave centre id another script than the files.
func (s *Server) Changed(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.changed[id]
	return ok
}

// ReadScript reads one script as a script file writes it below centres, in YAML or JSON, and puts it over the one that
// the files have for centre id. The error is strict.Problems.
func (s *Server) ReadScript(id string, src []byte) (Script, error) {
	var l layer
	doc, problems := strict.Decode("", src, &l)
	if problems = append(problems, l.check(doc, "")...); len(problems) > 0 {
		problems.Sort()
		return Script{}, problems
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	base, ok := s.scripts.named[id]
	if !ok {
		base = s.scripts.standard
	}
	base.Keys = maps.Clone(base.Keys)
	return l.over(base), nil
}

// Script returns the script centre or service id follows, false when there is none.
func (s *Server) Script(id string) (Script, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sc, ok := s.changed[id]
	if !ok {
		sc, ok = s.scripts.named[id]
	}
	if _, known := s.centres[id]; !ok && known {
		sc, ok = s.scripts.standard, true
	}
	sc.Keys = maps.Clone(sc.Keys)
	return sc, ok
}
