package voice

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"callbox/sip/audio"
)

// A pack is the recorded clips in one file: the magic, the number of clips, then for each clip, sorted by word, the
// length of its word in one byte, the word, and its length in two; then the mu-law codes of all clips in that order.
// Numbers are big-endian.
const packMagic = "CBXVOICE1"

var errPack = errors.New("malformed voice pack")

// Pack returns clips as one file.
func Pack(clips map[string]audio.Clip) ([]byte, error) {
	words := make([]string, 0, len(clips))
	for w, c := range clips {
		if len(w) == 0 || len(w) > math.MaxUint8 || len(c) > math.MaxUint16 {
			return nil, fmt.Errorf("clip %q is too long", w)
		}
		words = append(words, w)
	}
	slices.Sort(words)
	b := binary.BigEndian.AppendUint16([]byte(packMagic), uint16(len(words)))
	for _, w := range words {
		b = append(append(b, byte(len(w))), w...)
		b = binary.BigEndian.AppendUint16(b, uint16(len(clips[w])))
	}
	for _, w := range words {
		b = append(b, clips[w]...)
	}
	return b, nil
}

// unpack returns the clips of a pack. They refer to b.
func unpack(b []byte) (map[string]audio.Clip, error) {
	index, ok := cutPrefix(b, packMagic)
	if !ok || len(index) < 2 {
		return nil, fmt.Errorf("%w: no header", errPack)
	}
	type entry struct {
		word   string
		length int
	}
	entries := make([]entry, 0, min(int(binary.BigEndian.Uint16(index)), len(b)/3))
	rest := index[2:]
	for range binary.BigEndian.Uint16(index) {
		if len(rest) < 1 || len(rest) < 3+int(rest[0]) {
			return nil, fmt.Errorf("%w: its index is cut off", errPack)
		}
		n := int(rest[0])
		entries = append(entries, entry{string(rest[1 : 1+n]), int(binary.BigEndian.Uint16(rest[1+n:]))})
		rest = rest[3+n:]
	}
	clips := make(map[string]audio.Clip, len(entries))
	for _, e := range entries {
		if len(rest) < e.length {
			return nil, fmt.Errorf("%w: the clip of %q is cut off", errPack, e.word)
		}
		clips[e.word], rest = audio.Clip(rest[:e.length:e.length]), rest[e.length:]
	}
	if len(rest) != 0 {
		return nil, fmt.Errorf("%w: %d bytes too many", errPack, len(rest))
	}
	return clips, nil
}

func cutPrefix(b []byte, prefix string) ([]byte, bool) {
	if len(b) < len(prefix) || string(b[:len(prefix)]) != prefix {
		return nil, false
	}
	return b[len(prefix):], true
}
