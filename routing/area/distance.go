package area

import (
	"slices"
	"strings"
)

// Bounds of what counts as a misspelling.
const (
	fuzzyFrom   = 4 // letters: a shorter name or word is another one: Elm and Oak, Avenue B and C
	fuzzyTwo    = 8 // letters of a word from which two may be wrong
	maxDistance = 2
	longest     = 128 // bytes compared
)

// articles are the words of a name that people leave out.
var articles = []string{"DE", "DU", "DES", "LA", "LE", "LES", "L", "D", "OF", "THE", "DER", "DIE", "DAS", "DEM", "DEN", "AUX", "AU"}

// distance tells by how many letters two names differ, and 0 where they are equal or too different to be one misspelt:
// words with digits and short words must be equal. A word in two or two in one, and a missing article, count as one.
func distance(a, b string) int {
	if a == b || len(a) > longest || len(b) > longest {
		return 0
	}
	if strings.Count(a, " ") == strings.Count(b, " ") {
		return distanceByWord(a, b)
	}
	if squeezed := strings.ReplaceAll(a, " ", ""); squeezed == strings.ReplaceAll(b, " ", "") {
		if strings.ContainsAny(a, "0123456789") {
			return 0
		}
		return 1
	}
	if x := withoutArticles(a); len(x) >= fuzzyFrom && x == withoutArticles(b) {
		return 1
	}
	return 0
}

func withoutArticles(s string) string {
	words := strings.Fields(s)
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return slices.Contains(articles, w) }), " ")
}

// distanceByWord sums the distances of names of equally many words.
func distanceByWord(a, b string) int {
	sum := 0
	for a != "" {
		var x, y string
		x, a, _ = strings.Cut(a, " ")
		y, b, _ = strings.Cut(b, " ")
		if x == y {
			continue
		}
		if len(x) < fuzzyFrom || len(y) < fuzzyFrom || strings.ContainsAny(x+y, "0123456789") {
			return 0
		}
		most := maxDistance
		if len(x) < fuzzyTwo || len(y) < fuzzyTwo {
			most = 1
		}
		n := edits(x, y, most)
		if sum += n; n > most || sum > maxDistance {
			return 0
		}
	}
	return sum
}

// edits returns how many letters must be put in, left out, changed or swapped with the next to make b of a, and most+1
// where they are more than most.
func edits(a, b string, most int) int {
	x, y := []rune(a), []rune(b)
	if d := len(x) - len(y); most < 0 || d > most || -d > most {
		return most + 1
	}
	var rows [3][longest + 1]uint8
	before, last, row := &rows[0], &rows[1], &rows[2]
	for j := range len(y) + 1 {
		last[j] = uint8(j)
	}
	for i := 1; i <= len(x); i++ {
		row[0] = uint8(i)
		lowest := row[0]
		for j := 1; j <= len(y); j++ {
			var change uint8
			if x[i-1] != y[j-1] {
				change = 1
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			lowest = min(lowest, row[j])
		}
		if int(lowest) > most {
			return most + 1
		}
		before, last, row = last, row, before
	}
	return min(int(last[len(y)]), most+1)
}
