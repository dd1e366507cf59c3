package twilio

import (
	"cmp"

	"callbox/routing/directory/store"
	"callbox/routing/twilio/rest"
)

// What a trunk records that nobody chose.
const (
	defaultRecordingMode = "do-not-record"
	defaultRecordingTrim = "do-not-trim"
)

// recordingBody is a trunk's recording as answers show it.
type recordingBody struct {
	Mode string `json:"mode"`
	Trim string `json:"trim"`
}

func showRecording(k store.Trunk) recordingBody {
	return recordingBody{cmp.Or(k.RecordingMode, defaultRecordingMode), cmp.Or(k.RecordingTrim, defaultRecordingTrim)}
}

// recordingForm is what a client may set of a trunk's recording.
type recordingForm struct {
	Mode *string `form:"Mode" rule:"enum=do-not-record|record-from-ringing|record-from-answer|record-from-ringing-dual|record-from-answer-dual,code=21245"`
	Trim *string `form:"Trim" rule:"enum=trim-silence|do-not-trim,code=21245"`
}

// routeRecording sets the routes of a trunk's recording, which is there as long as the trunk.
func (a *api) routeRecording(m *rest.Mux) {
	recording := table[store.Trunk, recordingBody]{
		id: func(k store.Trunk) int64 { return k.ID }, show: each(showRecording),
		part: "TrunkSid", under: a.trunks().under,
	}
	m.Handle("GET", trunkPath+"/{TrunkSid}/Recording", recording.fetch(a))
	m.Handle("POST", trunkPath+"/{TrunkSid}/Recording", recording.update(a,
		func(_ *store.Tx, r *rest.Request, k *store.Trunk) error {
			var f recordingForm
			if err := r.Decode(&f); err != nil {
				return err
			}
			set(&k.RecordingMode, f.Mode)
			set(&k.RecordingTrim, f.Trim)
			return nil
		}))
}
