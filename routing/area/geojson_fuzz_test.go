package area

import (
	"math"
	"testing"

	"callbox/sip/location"
)

func FuzzReadAddresses(f *testing.F) {
	f.Add(labAddresses[:1000])
	f.Add([]byte(`{"type": "Feature", "properties": {"number": 1, "street": "Main St"}, "geometry": {"type": "Point", "coordinates": [0, 0]}}`))
	f.Add([]byte(`{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"street": "Platz", "country": "DE", "city": "Berlin"}, "geometry": {"type": "Point", "coordinates": [180, -90, 4]}}]}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		list, problems := ReadAddresses("fuzz.geojson", src)
		if len(problems) > 0 {
			if list != nil {
				t.Error("addresses with problems")
			}
			return
		}
		a := NewAddresses(list)
		if a.Len() != len(list) {
			t.Fatalf("%d of %d addresses are kept", a.Len(), len(list))
		}
		for _, one := range list {
			if _, at, metres, ok := a.Nearest(one.Point, 1); !ok || metres > 0.02 || location.Distance(at, one.Point) > 0.02 {
				t.Errorf("%+v is %v metres from itself", one, metres)
			}
			if p, ok := a.Geocode(one.Civic); ok && (math.Abs(p.Lat) > 90 || math.Abs(p.Lon) > 180) {
				t.Errorf("%+v is at %v", one, p)
			}
		}
	})
}
