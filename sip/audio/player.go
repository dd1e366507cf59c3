package audio

import "sync"

// Source gives the audio of one stream, one frame at a time. Frame fills dst and reports whether there was anything;
// on false nothing is sent for that frame. It is called by one goroutine at a time and must not block.
type Source interface {
	Frame(dst []int16) bool
}

// Quiet is a Source of silence: an open line on which nobody speaks.
type Quiet struct{}

// Frame implements Source.
func (Quiet) Frame(dst []int16) bool {
	clear(dst)
	return true
}

// Player is a Source that plays clips one after the other, and between and after them its idle source. It is safe for
// concurrent use.
type Player struct {
	mu    sync.Mutex
	clips []Clip
	at    int // samples of clips[0] already played
	done  func()
	idle  Source
}

// NewPlayer returns a player that sends idle while it has nothing to play. A nil idle sends nothing.
func NewPlayer(idle Source) *Player { return &Player{idle: idle} }

// Play plays clips in place of what is being played, whose done is never called. A done that is not nil is called once
// the last frame was handed out; it must not block, nor call the player.
func (p *Player) Play(clips []Clip, done func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clips, p.at, p.done = clips, 0, done
}

// Idle changes what is sent while there is nothing to play.
func (p *Player) Idle(s Source) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = s
}

// Stop stops playing. The idle source goes on.
func (p *Player) Stop() { p.Play(nil, nil) }

// Frame implements Source. The last frame of a clip is completed by the next clip, or with silence.
func (p *Player) Frame(dst []int16) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.clips) == 0 && p.done == nil {
		return p.idle != nil && p.idle.Frame(dst)
	}
	n := 0
	for n < len(dst) && len(p.clips) > 0 {
		k := PCMU.Decode(dst[n:], p.clips[0][p.at:])
		n, p.at = n+k, p.at+k
		if p.at == len(p.clips[0]) {
			p.clips, p.at = p.clips[1:], 0
		}
	}
	clear(dst[n:])
	if len(p.clips) == 0 && p.done != nil {
		p.done()
		p.done = nil
	}
	return true
}

// The depth of an Echo's buffer, in frames: it waits for the first so that jitter of a frame or two is not heard, and
// drops the oldest beyond the second.
const (
	echoPrefill = 3
	echoFrames  = 10
)

// Echo is a Source that gives back what it hears, 60 ms later, and silence while it hears nothing. It is safe for
// concurrent use. When more comes than is taken, the oldest is dropped.
type Echo struct {
	mu      sync.Mutex
	ring    [echoFrames * FrameSamples]int16
	head    int // oldest sample
	len     int
	flowing bool
}

// Hear takes pcm in.
func (e *Echo) Hear(pcm []int16) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range pcm {
		if e.len == len(e.ring) {
			e.head = (e.head + 1) % len(e.ring)
			e.len--
		}
		e.ring[(e.head+e.len)%len(e.ring)] = s
		e.len++
	}
}

// Frame implements Source.
func (e *Echo) Frame(dst []int16) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.flowing = e.flowing && e.len >= len(dst)
	if !e.flowing && e.len < max(echoPrefill*FrameSamples, len(dst)) {
		clear(dst)
		return true
	}
	e.flowing = true
	for i := range dst {
		dst[i] = e.ring[e.head]
		e.head = (e.head + 1) % len(e.ring)
	}
	e.len -= len(dst)
	return true
}
