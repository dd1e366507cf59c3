package sdp

import "strconv"

// Offer returns an offer of one audio line with formats in the order of
// preference. A ptime of 0 leaves the packet time unsaid. Where RTCP of l equals
// RTP the offer says a=rtcp-mux.
func Offer(l Local, formats []Format, dir Direction, ptime int) []byte {
	dst := appendLite(append(appendOrigin(nil, l), "t=0 0\r\n"...), l)
	proto := "RTP/AVP"
	switch {
	case l.Web != nil:
		proto = webProfile
	case l.Security == Required:
		proto = "RTP/SAVP"
	}
	return appendAudio(dst, l, described{proto, formats, dir, ptime, l.RTCP == l.RTP, RoleOffer, false})
}

// Answer returns the answer to offer and the formats in it, under the payload
// types of the offer: first the one codec chosen, the earliest of the offer that
// is in supported, then telephone-event if both sides have it at that clock
// rate. The direction is dir narrowed to what the offer allows: Inactive and
// RecvOnly answer a caller on hold whatever dir says. Other m-lines are refused.
// Where RTCP of l equals RTP, a=rtcp-mux is taken if it was offered. The error
// is ErrNoCodec where there is nothing to agree on.
func Answer(offer *Session, l Local, supported []Format, dir Direction, ptime int) ([]byte, []Format, error) {
	audio, ok := offer.Audio()
	if !ok {
		return nil, nil, ErrNoCodec
	}
	chosen := choose(audio.Codecs(), supported)
	if chosen == nil {
		return nil, nil, ErrNoCodec
	}
	dst := appendLite(offer.head.appendTimes(appendOrigin(nil, l)), l)
	for i := range offer.media {
		if i != offer.audio {
			dst = offer.media[i].appendRefused(dst)
			continue
		}
		dst = appendAudio(dst, l, described{
			proto: audio.Proto, formats: chosen, ptime: ptime,
			dir: dir.Within(audio.Direction.Reverse()),
			mux: l.RTCP == l.RTP && audio.muxable(), role: RoleAnswer, mirror: l.Loopback && audio.Loopback,
		})
	}
	return dst, chosen, nil
}

// choose returns one codec and the DTMF events that go with it, under the payload
// types offered. One, because an answer with several lets the peer change codec
// between two packets.
func choose(offered, supported []Format) []Format {
	for _, f := range offered {
		codec, ok := agree(f, supported)
		if !ok || f.event() {
			continue
		}
		chosen := []Format{codec}
		for _, f := range offered {
			if event, ok := agree(f, supported); ok && f.Is("telephone-event", codec.ClockRate) {
				return append(chosen, event)
			}
		}
		return chosen
	}
	return nil
}

// agree finds f in supported. The payload type is the offer's, the parameters
// are ours: they say what we can take.
func agree(f Format, supported []Format) (Format, bool) {
	for _, have := range supported {
		if have.same(f) {
			have.Payload = f.Payload
			return have, true
		}
	}
	return Format{}, false
}

// described is an audio line made by us rather than passed on.
type described struct {
	proto   string
	formats []Format
	dir     Direction
	ptime   int
	mux     bool
	role    Role
	mirror  bool
}

const mediaLoopback = "rtp-media-loopback"

func appendAudio(dst []byte, l Local, d described) []byte {
	dst = appendMediaLine(dst, "audio", l.RTP, d.proto)
	for _, f := range d.formats {
		dst = strconv.AppendUint(append(dst, ' '), uint64(f.Payload), 10)
	}
	dst = append(dst, "\r\n"...)
	for _, f := range d.formats {
		dst = appendFormat(dst, f)
	}
	if d.ptime > 0 {
		dst = strconv.AppendInt(append(dst, "a=ptime:"...), int64(d.ptime), 10)
		dst = append(dst, "\r\n"...)
	}
	if d.mirror {
		dst = appendAttribute(appendAttribute(dst, "loopback:"+mediaLoopback), "loopback-mirror")
	}
	dst = appendAttribute(dst, d.dir.String())
	return appendTransport(dst, l, d.role, d.mux)
}

func appendFormat(dst []byte, f Format) []byte {
	dst = strconv.AppendUint(append(dst, "a=rtpmap:"...), uint64(f.Payload), 10)
	dst = append(append(dst, ' '), f.Name...)
	dst = strconv.AppendUint(append(dst, '/'), uint64(f.ClockRate), 10)
	if f.Channels > 1 {
		dst = strconv.AppendUint(append(dst, '/'), uint64(f.Channels), 10)
	}
	dst = append(dst, "\r\n"...)
	if f.Params != "" {
		dst = strconv.AppendUint(append(dst, "a=fmtp:"...), uint64(f.Payload), 10)
		dst = append(append(dst, ' '), f.Params...)
		dst = append(dst, "\r\n"...)
	}
	return dst
}
