package voice

import (
	"math"
	"strconv"
	"strings"
)

// Coordinates returns a point in degrees digit by digit, to a metre or so, and how far from it the caller may be where
// uncertainty, in metres, is more than 0.
func Coordinates(lat, lon, uncertainty float64) Words {
	w := Join(Short, append(Words{"latitude"}, degrees(lat)...), append(Words{"longitude"}, degrees(lon)...))
	if uncertainty > 0 {
		metres := strconv.FormatFloat(math.Min(math.Ceil(uncertainty), 1e8), 'f', 0, 64)
		w = Join(Short, w, append(append(Words{"within"}, Words(nil).spell(metres)...), "meters"))
	}
	return w
}

// degrees is a number with five decimals at most: 35.7796 is three five point seven seven nine six.
func degrees(f float64) Words {
	if math.IsNaN(f) || math.Abs(f) > 360 {
		return Words{"unknown"}
	}
	text := strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(f, 'f', 5, 64), "0"), ".")
	var w Words
	if rest, below := strings.CutPrefix(text, "-"); below {
		w, text = Words{"minus"}, rest
	}
	whole, decimals, ok := strings.Cut(text, ".")
	w = w.spell(whole)
	if ok {
		w = append(w, "point").spell(decimals)
	}
	return w
}
