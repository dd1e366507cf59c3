package area

import (
	"math"
	"slices"

	"callbox/sip/location"
)

// How many points stand for an outline: on so many parallels, so many on each.
const (
	sampleLines = 32
	samplesEach = 16
)

// sample yields points within an outline, spread evenly, each with the area that it stands for.
func (o *outline) sample(yield func(p location.Point, area float64)) {
	height := (o.high[1] - o.low[1]) / sampleLines
	crossings := make([]float64, 0, len(o.ring))
	for line := range sampleLines {
		y := o.low[1] + (float64(line)+0.5)*height
		crossings = o.crossings(y, crossings[:0])
		width := 0.0
		for i := 1; i < len(crossings); i += 2 {
			width += crossings[i] - crossings[i-1]
		}
		step, passed, i := width/samplesEach, 0.0, 1
		for n := range samplesEach {
			at := (float64(n) + 0.5) * step // of the width within the outline
			for i+2 < len(crossings) && at > passed+crossings[i]-crossings[i-1] {
				passed += crossings[i] - crossings[i-1]
				i += 2
			}
			if i < len(crossings) {
				lon := math.Remainder((crossings[i-1]+at-passed)/1e7, 360)
				yield(location.Point{Lat: y / 1e7, Lon: lon}, step*height)
			}
		}
	}
}

// crossings appends where the outline meets a parallel, from west to east: it goes in and out by turns.
func (o *outline) crossings(y float64, to []float64) []float64 {
	for i := 1; i < len(o.ring); i++ {
		p, q := o.ring[i-1], o.ring[i]
		if p[1] > y != (q[1] > y) {
			to = append(to, p[0]+(y-p[1])*(q[0]-p[0])/(q[1]-p[1]))
		}
	}
	slices.Sort(to)
	return to
}
