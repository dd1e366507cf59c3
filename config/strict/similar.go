package strict

import (
	"strings"
	"unicode"
)

// Similar tells whether a is likely meant to be b: up to a third of its letters wrong, whatever its case, hyphens and
// underscores.
func Similar(a, b string) bool {
	return distance(a, b) < tooFar(a)
}

// distance counts the edits between two names.
func distance(a, b string) int { return editDistance(plain(a), plain(b)) }

// tooFar is the distance from which on a name is no misspelling of another one.
func tooFar(name string) int { return min(1+max(1, len(name)/3), len(name)) }

// plain brings the ways to write a key together: userAgent, user-agent, User_Agent.
func plain(key string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == ' ' {
			return -1
		}
		return unicode.ToLower(r)
	}, key)
}

// editDistance counts the insertions, deletions, replacements and swaps of neighbours between a and b. Keys far longer
// than any known one are not worth the time and count as wholly different.
func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return len(a) + len(b)
	}
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, above, row := rows[0], rows[1], rows[2]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		rows[0], rows[1], rows[2] = above, row, before
	}
	return rows[1][len(b)]
}
