package phone

import (
	"fmt"
	"os"

	"callbox/sip/audio"
)

// sound is what the phone plays and what it hears. Its hear is called by one goroutine, and close after that has ended.
type sound struct {
	clip  audio.Clip // to play once answered
	idle  audio.Source
	meter audio.Meter
	file  *os.File // of the recording, nil for none
	wav   *audio.WAVWriter
	err   error // the first of writing
}

func openSound(o Options) (*sound, error) {
	s := &sound{idle: audio.Quiet{}}
	if o.Tone && o.Play == "" {
		s.idle = audio.Beep()
	}
	if o.Play != "" {
		f, err := os.Open(o.Play)
		if err != nil {
			return nil, fmt.Errorf("play: %w", err)
		}
		defer f.Close()
		pcm, err := audio.ReadWAV(f)
		if err != nil {
			return nil, fmt.Errorf("play %s: %w", o.Play, err)
		}
		s.clip = audio.NewClip(pcm)
	}
	if o.Record == "" {
		return s, nil
	}
	var err error
	if s.file, err = os.Create(o.Record); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	if s.wav, err = audio.NewWAVWriter(s.file); err != nil {
		_ = s.file.Close() // what failed is the writing
		return nil, fmt.Errorf("record: %w", err)
	}
	return s, nil
}

func (s *sound) hear(pcm []int16) {
	s.meter.Add(pcm)
	if s.wav != nil && s.err == nil {
		s.err = s.wav.Write(pcm)
	}
}

func (s *sound) close() error {
	if s.file == nil {
		return nil
	}
	err := s.wav.Close()
	if e := s.file.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	return nil
}
