package audio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// MaxWAV is how many bytes of samples ReadWAV takes: over half an hour of 16-bit telephone audio.
const MaxWAV = 32 << 20

// ErrWAV is wrapped by every error about the content of a WAV file.
var ErrWAV = errors.New("not a WAV file that can be read")

// The format tags of WAV that are understood.
const (
	wavPCM        = 1
	wavFloat      = 3
	wavALaw       = 6
	wavMuLaw      = 7
	wavExtensible = 0xFFFE
)

// wavFormat is the fmt chunk.
type wavFormat struct {
	tag, channels, bits uint16
	rate                uint32
}

// frame returns the bytes of one sample of every channel.
func (f wavFormat) frame() int { return int(f.bits/8) * int(f.channels) }

func (f wavFormat) check() error {
	known := false
	switch f.tag {
	case wavPCM:
		known = f.bits == 8 || f.bits == 16 || f.bits == 24 || f.bits == 32
	case wavFloat:
		known = f.bits == 32
	case wavALaw, wavMuLaw:
		known = f.bits == 8
	}
	switch {
	case !known:
		return fmt.Errorf("%w: format %d with %d bits a sample", ErrWAV, f.tag, f.bits)
	case f.channels < 1 || f.channels > 8:
		return fmt.Errorf("%w: %d channels", ErrWAV, f.channels)
	case f.rate < 4000 || f.rate > 192000:
		return fmt.Errorf("%w: %d samples a second", ErrWAV, f.rate)
	}
	return nil
}

// ReadWAV reads a WAV file as mono at SampleRate: channels are mixed and other rates resampled. It takes linear PCM of
// 8 to 32 bits, 32-bit float, and G.711, up to MaxWAV bytes of samples, and believes no length it has not read: files
// written to a pipe claim to be huge. The error wraps ErrWAV or the reader's.
func ReadWAV(r io.Reader) ([]int16, error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, short(err)
	}
	if string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return nil, fmt.Errorf("%w: no RIFF header", ErrWAV)
	}
	var format wavFormat
	for {
		var chunk [8]byte
		if _, err := io.ReadFull(r, chunk[:]); err != nil {
			return nil, short(err)
		}
		size := binary.LittleEndian.Uint32(chunk[4:])
		switch string(chunk[:4]) {
		case "fmt ":
			var err error
			if format, err = readFormat(r, size); err != nil {
				return nil, err
			}
		case "data":
			if format.tag == 0 {
				return nil, fmt.Errorf("%w: samples come before their format", ErrWAV)
			}
			return readSamples(r, format, size)
		default:
			if err := skip(r, int64(size)+int64(size&1)); err != nil {
				return nil, err
			}
		}
	}
}

func readFormat(r io.Reader, size uint32) (f wavFormat, err error) {
	if size < 16 || size > 1024 {
		return f, fmt.Errorf("%w: format chunk of %d bytes", ErrWAV, size)
	}
	b := make([]byte, size+size&1)
	if _, err := io.ReadFull(r, b); err != nil {
		return f, short(err)
	}
	f.tag = binary.LittleEndian.Uint16(b)
	f.channels = binary.LittleEndian.Uint16(b[2:])
	f.rate = binary.LittleEndian.Uint32(b[4:])
	f.bits = binary.LittleEndian.Uint16(b[14:])
	if f.tag == wavExtensible && size >= 26 {
		f.tag = binary.LittleEndian.Uint16(b[24:]) // the GUID of the format begins with its tag
	}
	return f, f.check()
}

func readSamples(r io.Reader, f wavFormat, size uint32) ([]int16, error) {
	limit := int64(size)
	if size == 0 || size >= 0x7FFF0000 { // unknown, from a program that could not seek
		limit = math.MaxInt64
	}
	data, err := io.ReadAll(io.LimitReader(r, min(limit, MaxWAV+1)))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read WAV: %w", err)
	case len(data) > MaxWAV:
		return nil, fmt.Errorf("%w: more than %d bytes of samples", ErrWAV, MaxWAV)
	}
	pcm := make([]int16, len(data)/f.frame())
	for i := range pcm {
		pcm[i] = f.mix(data[i*f.frame():])
	}
	return Resample(pcm, int(f.rate)), nil
}

// mix returns the mean of the channels of the frame at the start of b.
func (f wavFormat) mix(b []byte) int16 {
	sum, width := 0, int(f.bits/8)
	for c := range int(f.channels) {
		sum += int(f.sample(b[c*width:]))
	}
	return int16(sum / int(f.channels))
}

func (f wavFormat) sample(b []byte) int16 {
	switch {
	case f.tag == wavMuLaw:
		return muLawSamples[b[0]]
	case f.tag == wavALaw:
		return aLawSamples[b[0]]
	case f.tag == wavFloat:
		v := float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
		if math.IsNaN(v) {
			return 0
		}
		return clamp(v * 32767)
	case f.bits == 8:
		return int16(b[0])<<8 - math.MaxInt16 - 1 // unsigned, unlike every other width
	}
	top := b[f.bits/8-2:]
	return int16(binary.LittleEndian.Uint16(top))
}

func skip(r io.Reader, n int64) error {
	if n > MaxWAV {
		return fmt.Errorf("%w: chunk of %d bytes", ErrWAV, n)
	}
	if _, err := io.CopyN(io.Discard, r, n); err != nil {
		return short(err)
	}
	return nil
}

// short tells a file that ends too early from one that cannot be read.
func short(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends before its samples", ErrWAV)
	}
	return fmt.Errorf("read WAV: %w", err)
}

// WAVWriter writes mono 16-bit PCM at SampleRate as it comes. Its header holds the length only after Close.
type WAVWriter struct {
	w     io.WriteSeeker
	bytes uint32
	buf   []byte
	err   error // the first, which makes every later call fail
}

// NewWAVWriter writes a header for no samples to w and returns a writer of samples. The caller closes w itself, after
// Close.
func NewWAVWriter(w io.WriteSeeker) (*WAVWriter, error) {
	ww := &WAVWriter{w: w}
	ww.header()
	return ww, ww.err
}

// Write appends pcm. It fails once the file would pass the two gigabytes that every reader takes.
func (w *WAVWriter) Write(pcm []int16) error {
	if w.err == nil && int64(w.bytes)+2*int64(len(pcm)) > math.MaxInt32-64 {
		w.err = errors.New("recording is full")
	}
	if w.err != nil {
		return w.err
	}
	w.buf = w.buf[:0]
	for _, s := range pcm {
		w.buf = binary.LittleEndian.AppendUint16(w.buf, uint16(s))
	}
	_, w.err = w.w.Write(w.buf)
	w.bytes += uint32(len(w.buf))
	return w.err
}

// Close writes the length into the header. It returns the first error of all calls.
func (w *WAVWriter) Close() error {
	if w.err != nil {
		return w.err
	}
	if _, w.err = w.w.Seek(0, io.SeekStart); w.err == nil {
		w.header()
	}
	if w.err == nil {
		_, w.err = w.w.Seek(0, io.SeekEnd)
	}
	return w.err
}

func (w *WAVWriter) header() {
	b := append(make([]byte, 0, 44), "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, 36+w.bytes)
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 16)
	b = binary.LittleEndian.AppendUint16(b, wavPCM)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint32(b, SampleRate)
	b = binary.LittleEndian.AppendUint32(b, 2*SampleRate)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 16)
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, w.bytes)
	_, w.err = w.w.Write(b)
}
