package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"callbox/psap"
)

// Centres is the registry of call centres.
type Centres interface {
	List() []psap.Status
	Drain(id string) bool   // false: no such centre
	Restore(id string) bool // false: no such centre
}

type listCentresOutput struct {
	Body CentreList
}

// CentreList is every call centre of the directory.
type CentreList struct {
	PSAPs []psap.Status `json:"psaps" doc:"The centres, in the directory's order."`
}

type centreInput struct {
	ID string `path:"id" maxLength:"64" doc:"The centre's ID in the directory."`
}

type centreOutput struct {
	Body psap.Status
}

// registerCentres adds the pages about call centres.
func registerCentres(api huma.API, centres Centres, log *changeLog) {
	huma.Register(api, huma.Operation{
		OperationID: "list-psaps", Method: http.MethodGet, Path: "/api/v1/psaps", Tags: []string{"psaps"},
		Summary:     "List call centres",
		Description: "Every centre of the directory and whether it is in service.",
	}, func(context.Context, *struct{}) (*listCentresOutput, error) {
		return &listCentresOutput{CentreList{append([]psap.Status{}, centres.List()...)}}, nil
	})
	registerSwitch(api, centres, "drain", "Send no new calls to a centre; those that are up go on", centres.Drain, log)
	registerSwitch(api, centres, "restore", "Send calls to a drained centre again", centres.Restore, log)
}

// registerSwitch adds POST /api/v1/psaps/{id}/verb, which answers with the centre as it is then.
func registerSwitch(api huma.API, centres Centres, verb, summary string, do func(id string) bool, log *changeLog) {
	huma.Register(api, huma.Operation{
		OperationID: verb + "-psap", Method: http.MethodPost, Path: "/api/v1/psaps/{id}/" + verb, Tags: []string{"psaps"},
		Summary: summary, Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *centreInput) (*centreOutput, error) {
		if !do(in.ID) {
			return nil, huma.Error404NotFound("no call centre " + in.ID + " in the directory")
		}
		log.note(ctx, verb, "psap", in.ID, "{}")
		for _, c := range centres.List() {
			if c.ID == in.ID {
				return &centreOutput{c}, nil
			}
		}
		return nil, huma.Error404NotFound("call centre " + in.ID + " has just left the directory")
	})
}
