package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// wav returns a file with one fmt and one data chunk.
func wav(tag, channels uint16, rate uint32, bits uint16, data []byte) []byte {
	b := append([]byte("RIFF\xff\xff\xff\x7fWAVEfmt "), 16, 0, 0, 0)
	b = binary.LittleEndian.AppendUint16(b, tag)
	b = binary.LittleEndian.AppendUint16(b, channels)
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = binary.LittleEndian.AppendUint32(b, rate*uint32(channels)*uint32(bits/8))
	b = binary.LittleEndian.AppendUint16(b, channels*bits/8)
	b = binary.LittleEndian.AppendUint16(b, bits)
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}

func float(v float32) []byte { return binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)) }

func TestReadWAV(t *testing.T) {
	for _, tc := range []struct {
		name string
		file []byte
		want []int16
	}{
		{"of 16 bits", wav(1, 1, 8000, 16, []byte{0, 0, 0xFF, 0x7F, 0, 0x80}), []int16{0, 32767, -32768}},
		{"of 8 bits, which are unsigned", wav(1, 1, 8000, 8, []byte{128, 0, 255}), []int16{0, -32768, 32512}},
		{"of 24 bits", wav(1, 1, 8000, 24, []byte{9, 0x34, 0x12, 9, 0, 0x80}), []int16{0x1234, -32768}},
		{"of 32 bits", wav(1, 1, 8000, 32, []byte{9, 9, 0x34, 0x12}), []int16{0x1234}},
		{"of floats, clipped", wav(3, 1, 8000, 32, append(float(0.5), float(7)...)), []int16{16384, 32767}},
		{"of a float that is no number", wav(3, 1, 8000, 32, float(float32(math.NaN()))), []int16{0}},
		{"of mu-law", wav(7, 1, 8000, 8, []byte{0xFF, 0x80}), []int16{0, 32124}},
		{"of A-law", wav(6, 1, 8000, 8, []byte{0xD5, 0x2A}), []int16{8, -32256}},
		{"in stereo, mixed", wav(1, 2, 8000, 16, []byte{100, 0, 200, 0}), []int16{150}},
		{"with half a sample at its end", wav(1, 1, 8000, 16, []byte{5, 0, 7}), []int16{5}},
		{"without samples", wav(1, 1, 8000, 16, nil), []int16{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ReadWAV(bytes.NewReader(tc.file))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadWAVFromAPipeClaimsToBeHuge(t *testing.T) {
	file := wav(1, 1, 8000, 16, []byte{1, 0, 2, 0})
	binary.LittleEndian.PutUint32(file[40:], 0x7FFFF000) // as espeak-ng writes it
	got, err := ReadWAV(bytes.NewReader(file))
	if err != nil || len(got) != 2 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestReadWAVSkipsOtherChunks(t *testing.T) {
	file := wav(1, 1, 8000, 16, []byte{1, 0})
	odd := append([]byte("LIST\x03\x00\x00\x00abc\x00"), file[12:]...) // padded to an even length
	got, err := ReadWAV(bytes.NewReader(append(file[:12:12], odd...)))
	if err != nil || len(got) != 1 || got[0] != 1 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestReadWAVRefuses(t *testing.T) {
	good := wav(1, 1, 8000, 16, []byte{1, 0})
	with := func(at int, b ...byte) []byte {
		f := bytes.Clone(good)
		copy(f[at:], b)
		return f
	}
	for _, tc := range []struct {
		name string
		file []byte
		says string
	}{
		{"nothing", nil, "ends before its samples"},
		{"another format", []byte("ID3\x04 not a wav file at all"), "no RIFF header"},
		{"a file cut in its header", good[:30], "ends before its samples"},
		{"a file without samples", good[:36], "ends before its samples"},
		{"samples before their format", append(good[:12:12], good[36:]...), "before their format"},
		{"an unknown codec", with(20, 0x55), "format 85"},
		{"no channels", with(22, 0), "0 channels"},
		{"too many channels", with(22, 200), "200 channels"},
		{"a rate of zero", with(24, 0, 0, 0, 0), "0 samples a second"},
		{"an absurd rate", with(24, 255, 255, 255, 255), "samples a second"},
		{"bits that no codec has", with(34, 13), "13 bits"},
		{"a format chunk of 4 GB", with(16, 255, 255, 255, 255), "format chunk"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := ReadWAV(bytes.NewReader(tc.file))
			if !errors.Is(err, ErrWAV) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("error is %v, want one that says %q", err, tc.says)
			}
		})
	}
}

// zeros is an endless file.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestReadWAVIsBounded(t *testing.T) {
	head := wav(1, 1, 8000, 16, nil)
	binary.LittleEndian.PutUint32(head[40:], 0xFFFFFFFF)
	if _, err := ReadWAV(io.MultiReader(bytes.NewReader(head), zeros{})); !errors.Is(err, ErrWAV) {
		t.Errorf("an endless file gave %v", err)
	}
}

func TestWAVWriterWritesWhatIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.wav")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := NewWAVWriter(f)
	if err != nil {
		t.Fatal(err)
	}
	want := sine(440, 9000, 500)
	for _, part := range [][]int16{want[:160], want[160:161], nil, want[161:]} {
		if err := w.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if size := binary.LittleEndian.Uint32(b[40:]); size != 1000 || binary.LittleEndian.Uint32(b[4:]) != uint32(len(b)-8) {
		t.Errorf("header says %d bytes of samples in a file of %d", size, len(b))
	}
	got, err := ReadWAV(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// failing is a disk that is full after some bytes.
type failing struct{ room int }

func (f *failing) Write(b []byte) (int, error) {
	if f.room -= len(b); f.room < 0 {
		return 0, errors.New("disk is full")
	}
	return len(b), nil
}

func (f *failing) Seek(int64, int) (int64, error) { return 0, nil }

func TestWAVWriterKeepsItsFirstError(t *testing.T) {
	if _, err := NewWAVWriter(&failing{10}); err == nil {
		t.Error("a header that does not fit gave no error")
	}
	w, err := NewWAVWriter(&failing{50})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(make([]int16, 160)); err == nil {
		t.Fatal("a full disk gave no error")
	}
	if err := w.Close(); err == nil || err.Error() != "disk is full" {
		t.Errorf("Close gave %v", err)
	}
}

func FuzzReadWAV(f *testing.F) {
	f.Add(wav(1, 1, 8000, 16, []byte{1, 0, 2, 0}))
	f.Add(wav(1, 2, 44100, 24, make([]byte, 60)))
	f.Add(wav(7, 1, 8000, 8, []byte{0xFF, 0x80}))
	f.Add(wav(3, 1, 4000, 32, float(0.5)))
	f.Fuzz(func(t *testing.T, b []byte) {
		pcm, err := ReadWAV(bytes.NewReader(b))
		if err != nil && !errors.Is(err, ErrWAV) {
			t.Fatalf("error of another kind: %v", err)
		}
		if len(pcm) > 2*len(b)+2 {
			t.Fatalf("%d bytes became %d samples", len(b), len(pcm))
		}
	})
}
