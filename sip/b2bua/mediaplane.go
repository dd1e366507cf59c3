package b2bua

import (
	"callbox/sip/audio"
	"callbox/sip/call"
	"callbox/sip/media"
)

// mediaPlane opens the media of a call. It stands for *media.Relay, so that a test needs no sockets.
type mediaPlane interface {
	open(notify func(media.Notice)) (mediaSession, error)
}

// mediaSession is the media of one call.
type mediaSession interface {
	side(call.Leg) mediaSide
	listen(barge bool) (mediaListener, error)
	Hold(on bool)
	Stats() call.Media
	Close() call.Media
}

// mediaSide is the half of it that faces one leg; *media.Side is one.
type mediaSide interface {
	Ports() (rtp, rtcp uint16)
	SetRemote(media.Remote)
	Await()
	Reset()
}

// mediaListener is the media of somebody who hears a call; *media.Listener is one.
type mediaListener interface {
	Port() uint16
	Start(media.Remote, audio.Codec)
	Close()
}

type relayPlane struct{ *media.Relay }

func (r relayPlane) open(notify func(media.Notice)) (mediaSession, error) {
	s, err := r.Open(notify)
	if err != nil {
		return nil, err
	}
	return relaySession{s}, nil
}

type relaySession struct{ *media.Session }

func (s relaySession) side(l call.Leg) mediaSide { return s.Side(l) }

func (s relaySession) listen(barge bool) (mediaListener, error) {
	l, err := s.Listen(barge)
	if err != nil {
		return nil, err
	}
	return l, nil
}
