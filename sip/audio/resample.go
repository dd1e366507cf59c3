package audio

import "math"

// Bounds of Resample's kernel: a sinc of this many zero crossings on either side under a Hann window, in a table of
// this many entries for each.
const (
	crossings = 12
	perCross  = 256
)

// Resample returns pcm, sampled at rate, at SampleRate, band-limited so that nothing aliases. A rate of SampleRate
// returns pcm itself; a rate that is not positive returns nil.
func Resample(pcm []int16, rate int) []int16 {
	switch {
	case rate == SampleRate:
		return pcm
	case rate <= 0 || len(pcm) == 0:
		return nil
	}
	step := float64(rate) / SampleRate
	stretch := max(step, 1) // how much wider the kernel is when the rate falls, so that it cuts at the new half rate
	kernel := sincTable()
	out := make([]int16, int(int64(len(pcm))*SampleRate/int64(rate)))
	for i := range out {
		center := float64(i) * step
		first := max(int(math.Ceil(center-crossings*stretch)), 0)
		last := min(int(math.Floor(center+crossings*stretch)), len(pcm)-1)
		var sum, weight float64
		for j := first; j <= last; j++ {
			w := kernel[int(math.Abs(float64(j)-center)/stretch*perCross)]
			sum += w * float64(pcm[j])
			weight += w
		}
		if weight != 0 {
			sum /= weight
		}
		out[i] = clamp(sum)
	}
	return out
}

func sincTable() []float64 {
	t := make([]float64, crossings*perCross+1)
	t[0] = 1
	for i := 1; i < len(t); i++ {
		x := float64(i) / perCross
		t[i] = math.Sin(math.Pi*x) / (math.Pi * x) * (0.5 + 0.5*math.Cos(math.Pi*x/crossings))
	}
	return t
}

func clamp(v float64) int16 {
	return int16(math.Round(min(max(v, math.MinInt16), math.MaxInt16)))
}
