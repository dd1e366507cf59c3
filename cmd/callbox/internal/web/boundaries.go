package web

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/paulmach/orb"

	"callbox/routing/area"
)

const geoJSON = "application/geo+json"

// BoundaryCollection is service boundaries in the form that a directory takes, a GeoJSON FeatureCollection (RFC 7946).
type BoundaryCollection struct {
	Type     string            `json:"type" enum:"FeatureCollection"`
	Features []BoundaryFeature `json:"features"`
}

// BoundaryFeature is one service boundary.
type BoundaryFeature struct {
	Type       string             `json:"type" enum:"Feature"`
	ID         string             `json:"id,omitempty" doc:"The feature's own, where the file gave it one."`
	Properties BoundaryProperties `json:"properties"`
	Geometry   BoundaryGeometry   `json:"geometry"`
}

// BoundaryProperties say whose area it is.
type BoundaryProperties struct {
	PSAP string `json:"psap" doc:"The call centre's ID."`
	Name string `json:"name,omitempty" doc:"The area's, for people."`
}

// BoundaryGeometry is the area itself.
type BoundaryGeometry struct {
	Type        string           `json:"type" enum:"MultiPolygon"`
	Coordinates orb.MultiPolygon `json:"coordinates" doc:"Polygons of rings of positions: longitude, latitude. The first ring is the outer one."`
}

type boundariesOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// registerBoundaries adds the pages about service boundaries.
func registerBoundaries(api huma.API, boundaries func() *area.Boundaries) {
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[BoundaryCollection](), true, "")
	answers := map[string]*huma.Response{"200": {
		Description: "A FeatureCollection of MultiPolygons, in the form that a directory takes.",
		Content:     map[string]*huma.MediaType{geoJSON: {Schema: schema}},
	}}
	huma.Register(api, huma.Operation{
		OperationID: "list-boundaries", Method: http.MethodGet, Path: "/api/v1/boundaries", Tags: []string{"psaps"},
		Summary:     "Get all service boundaries",
		Description: "The areas that call centres serve, as GeoJSON (RFC 7946), in the order in which a place looks for its centre.",
		Responses:   answers,
	}, func(context.Context, *struct{}) (*boundariesOutput, error) {
		return collect(boundaries(), "")
	})
	huma.Register(api, huma.Operation{
		OperationID: "get-psap-boundary", Method: http.MethodGet, Path: "/api/v1/psaps/{id}/boundary", Tags: []string{"psaps"},
		Summary: "Get a call centre's service boundary", Description: "The areas that the centre serves, as GeoJSON (RFC 7946).",
		Errors: []int{http.StatusNotFound}, Responses: answers,
	}, func(_ context.Context, in *centreInput) (*boundariesOutput, error) {
		return collect(boundaries(), in.ID)
	})
}

// collect writes the boundaries of a centre, of all for "".
func collect(all *area.Boundaries, centre string) (*boundariesOutput, error) {
	c := BoundaryCollection{Type: "FeatureCollection", Features: []BoundaryFeature{}}
	for b := range all.All() {
		if centre == "" || b.Centre == centre {
			c.Features = append(c.Features, BoundaryFeature{"Feature", b.ID, BoundaryProperties{b.Centre, b.Name}, BoundaryGeometry{"MultiPolygon", b.Shape}})
		}
	}
	if centre != "" && len(c.Features) == 0 {
		return nil, huma.Error404NotFound("no service boundary of a call centre " + centre + " is in the directory")
	}
	body, err := json.Marshal(c)
	return &boundariesOutput{geoJSON, body}, err
}
