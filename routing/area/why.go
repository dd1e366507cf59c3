package area

import (
	"fmt"
	"strconv"
)

// none is a finding of nothing and its reason.
func none(format string, args ...any) Finding { return Finding{Why: fmt.Sprintf(format, args...)} }

// quoted shows what somebody wrote, on one line and bounded.
func quoted(s string) string { return strconv.Quote(shown(s)) }
