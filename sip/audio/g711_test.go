package audio

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestKnownCodes(t *testing.T) {
	// From the tables of ITU-T G.711.
	for _, tc := range []struct {
		name   string
		codec  Codec
		code   byte
		sample int16
	}{
		{"mu-law positive zero", PCMU, 0xFF, 0},
		{"mu-law loudest positive", PCMU, 0x80, 32124},
		{"mu-law loudest negative", PCMU, 0x00, -32124},
		{"mu-law first step", PCMU, 0xFE, 8},
		{"mu-law end of the first segment", PCMU, 0xF0, 120},
		{"A-law smallest positive", PCMA, 0xD5, 8},
		{"A-law smallest negative", PCMA, 0x55, -8},
		{"A-law loudest positive", PCMA, 0xAA, 32256},
		{"A-law loudest negative", PCMA, 0x2A, -32256},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var pcm [1]int16
			tc.codec.Decode(pcm[:], []byte{tc.code})
			if pcm[0] != tc.sample {
				t.Errorf("Decode(%#x) = %d, want %d", tc.code, pcm[0], tc.sample)
			}
			var code [1]byte
			tc.codec.Encode(code[:], []int16{tc.sample})
			if code[0] != tc.code {
				t.Errorf("Encode(%d) = %#x, want %#x", tc.sample, code[0], tc.code)
			}
		})
	}
}

// The golden files hold the sample of every code, made by another program:
//
//	for i in $(seq 0 255); do printf "\\x$(printf %x $i)"; done | sox -t ul -r 8000 - -t s16 -
func TestEveryCodeDecodesAsElsewhere(t *testing.T) {
	codes := make([]byte, 256)
	for i := range codes {
		codes[i] = byte(i)
	}
	for _, codec := range []Codec{PCMU, PCMA} {
		t.Run(codec.String(), func(t *testing.T) {
			want, err := os.ReadFile(filepath.Join("testdata", codec.String()+".s16"))
			if err != nil {
				t.Fatal(err)
			}
			pcm := make([]int16, 256)
			codec.Decode(pcm, codes)
			got := make([]byte, 0, 512)
			for _, s := range pcm {
				got = binary.LittleEndian.AppendUint16(got, uint16(s))
			}
			if !bytes.Equal(got, want) {
				t.Errorf("decoded\n%x\nwant\n%x", got, want)
			}
		})
	}
}

func TestEncodingReturnsEveryCode(t *testing.T) {
	for _, codec := range []Codec{PCMU, PCMA} {
		for i := range 256 {
			var pcm [1]int16
			var back [1]byte
			codec.Decode(pcm[:], []byte{byte(i)})
			codec.Encode(back[:], pcm[:])
			if back[0] != byte(i) && !(codec == PCMU && i == 0x7F && back[0] == 0xFF) { // mu-law has two zeros
				t.Errorf("%v: code %#x came back as %#x", codec, i, back[0])
			}
		}
	}
}

func TestEncodingErrsByHalfAStepAtMost(t *testing.T) {
	for _, codec := range []Codec{PCMU, PCMA} {
		for s := -32768; s <= 32767; s++ {
			var code [1]byte
			var back [1]int16
			codec.Encode(code[:], []int16{int16(s)})
			codec.Decode(back[:], code[:])
			size := max(s, -s)
			if diff := s - int(back[0]); max(diff, -diff) > max(size/16, 16) && size < 32124 {
				t.Fatalf("%v: %d came back as %d", codec, s, back[0])
			}
		}
	}
}

// Golden: whatever becomes of the tables, every sample must keep its code.
func TestCodesOfEverySampleStay(t *testing.T) {
	want, err := os.ReadFile("testdata/codes.sha256")
	if err != nil && !*update {
		t.Fatal(err)
	}
	var got string
	for _, codec := range []Codec{PCMU, PCMA} {
		pcm := make([]int16, 1<<16)
		for i := range pcm {
			pcm[i] = int16(i - 1<<15)
		}
		codes := make([]byte, len(pcm))
		codec.Encode(codes, pcm)
		sum := sha256.Sum256(codes)
		got += codec.String() + " " + hex.EncodeToString(sum[:]) + "\n"
	}
	if *update {
		if err := os.WriteFile("testdata/codes.sha256", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != string(want) {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestCodingTakesTheShorterOfBoth(t *testing.T) {
	if n := PCMU.Encode(make([]byte, 3), make([]int16, 5)); n != 3 {
		t.Errorf("Encode took %d samples, want 3", n)
	}
	if n := PCMA.Encode(make([]byte, 9), make([]int16, 5)); n != 5 {
		t.Errorf("Encode took %d samples, want 5", n)
	}
	if n := PCMA.Decode(make([]int16, 2), make([]byte, 5)); n != 2 {
		t.Errorf("Decode took %d codes, want 2", n)
	}
}

func TestCodingAllocatesNothing(t *testing.T) {
	pcm, codes := make([]int16, FrameSamples), make([]byte, FrameSamples)
	if n := testing.AllocsPerRun(100, func() { PCMU.Encode(codes, pcm); PCMA.Decode(pcm, codes) }); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}
