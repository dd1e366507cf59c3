package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"callbox/routing/directory/store"
	"callbox/routing/keys"
	"callbox/routing/transfer"
)

// Bounds on the time that an import or export of many numbers may take.
const (
	patience   = 15 * time.Second // for the client's next bytes, either way
	maxUpload  = 15 * time.Minute // for all of a file
	maxImports = 30 * time.Minute // for what comes then
)

// importInput is how to import; the file is the body.
type importInput struct {
	Account       string `query:"account_sid" maxLength:"34" doc:"The account that the numbers are for; not needed where there is only one."`
	OnConflict    string `query:"on_conflict" enum:"error,update,skip" default:"error" doc:"What becomes of a number that is on the account and is otherwise in the file. One that is just the same is no conflict."`
	Addresses     string `query:"addresses" enum:"correct,strict,lenient" doc:"An address that the address guide knows a little differently is corrected, or with strict a problem; one that it does not know is a problem, or with lenient taken as it is and routed by its postal code. Left out, it is correct or, where the edge validates addresses leniently, lenient."`
	Register      string `query:"register" enum:"registered,pending" default:"registered" doc:"Whether addresses without a status of their own are registered at once, or by the lab's clock."`
	GoodLinesOnly bool   `query:"good_lines_only" doc:"Leave bad lines out; else one of them keeps all of the file out."`
	DryRun        bool   `query:"dry_run" doc:"Report what would be, and change nothing."`

	upload // the body
}

type importOutput struct{ Body transfer.Report }

// refusedImport is the answer to a file with problems: a problem document with the report.
type refusedImport struct {
	huma.ErrorModel
	Report *transfer.Report `json:"report,omitempty" doc:"Everything wrong with the file; absent where the query is wrong."`
}

// transfers carries numbers and addresses in and out.
type transfers struct {
	store   *store.Store
	options func() transfer.Options // what is in force: guide, countries, registration; nil: none of it
	spool   string                  // directory for files on their way, "" for the system's
	turn    chan struct{}           // held by the one import there is
}

// registerTransfer adds import and export of the directory.
func registerTransfer(api huma.API, o Options) {
	t := &transfers{store: o.Store, options: o.Import, spool: o.Spool, turn: make(chan struct{}, 1)}
	if t.options == nil {
		t.options = func() transfer.Options { return transfer.Options{} }
	}
	registry := api.OpenAPI().Components.Schemas
	huma.Register(api, huma.Operation{
		OperationID: "import-directory", Method: http.MethodPost, Path: importPath, Tags: []string{"directory"},
		Summary: "Import numbers and addresses",
		Description: "A CSV file of numbers with their emergency addresses, in one transaction: all of it or, where it has problems, nothing. " +
			"One report has every bad line. What an export wrote can be imported again.",
		RequestBody: &huma.RequestBody{
			Description: "CSV, UTF-8, at most 256 MiB. Its first line names the columns, in any order: phone_number, friendly_name, service, status, trunk, " +
				"customer_name, street, street_secondary, city, region, postal_code, iso_country, address_friendly_name, address_sid.",
			Required: true, Content: csvContent(),
		},
		Errors: []int{http.StatusBadRequest, http.StatusNotFound, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusServiceUnavailable},
	}, t.importFile)
	api.OpenAPI().Paths[importPath].Post.Responses["422"] = &huma.Response{ // Register has put a plain one there
		Description: "The file has problems, and nothing was changed; or the query is wrong.",
		Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: huma.SchemaFromType(registry, reflect.TypeFor[refusedImport]())}},
	}
	huma.Register(api, huma.Operation{
		OperationID: "export-directory", Method: http.MethodGet, Path: exportPath, Tags: []string{"directory"},
		Summary: "Export numbers and addresses",
		Description: "All numbers of an account with their emergency addresses, as CSV that can be imported. Text that a spreadsheet would take " +
			"for a formula has an apostrophe before it, which the import takes off. An answer that ends in the middle is not whole.",
		Responses: map[string]*huma.Response{"200": {Description: "The numbers, oldest first.", Content: csvContent()}},
		Errors:    []int{http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, t.exportFile)
}

func csvContent() map[string]*huma.MediaType {
	return map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}}}
}

// account returns the account that is meant by a SID, which may be left out where there is only one.
func (t *transfers) account(ctx context.Context, sid string) (string, error) {
	var all []store.Account
	err := t.store.View(ctx, func(tx *store.Tx) (err error) {
		q := store.Query{Limit: 2}
		if sid != "" {
			q = store.Where("sid", sid)
		}
		all, err = store.Find[store.Account](tx, q)
		return err
	})
	switch {
	case err != nil:
		return "", storeError(err, "")
	case len(all) == 1:
		return all[0].SID, nil
	case sid != "" || len(all) == 0:
		return "", huma.Error404NotFound("there is no account " + sid)
	}
	return "", huma.Error422UnprocessableEntity("validation failed",
		&huma.ErrorDetail{Message: "there are several accounts: say which", Location: "query.account_sid"})
}

// importFile takes the file to the disk, so that nobody else waits for the client, and then imports it.
func (t *transfers) importFile(ctx context.Context, in *importInput) (*importOutput, error) {
	if err := in.acceptable(); err != nil {
		return nil, err
	}
	account, err := t.account(ctx, in.Account)
	if err != nil {
		return nil, err
	}
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	default:
		return nil, huma.ErrorWithHeaders(huma.Error503ServiceUnavailable("another import is under way; try again when it is done"), http.Header{"Retry-After": {"10"}})
	}
	file, err := in.toDisk(t.spool)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	_ = in.control.SetWriteDeadline(time.Now().Add(maxImports))
	o := t.options()
	o.Account, o.OnConflict = account, transfer.Conflict(in.OnConflict)
	if in.Addresses != "" {
		o.Addresses = transfer.Addresses(in.Addresses)
	}
	o.Register, o.GoodLinesOnly, o.DryRun = transfer.Register(in.Register), in.GoodLinesOnly, in.DryRun
	report, err := transfer.Import(ctx, t.store, keys.FromContext(ctx).Actor(), file, o)
	_ = in.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	switch {
	case errors.Is(err, transfer.ErrOptions):
		return nil, huma.Error400BadRequest(err.Error() + "; nothing was changed")
	case err != nil:
		return nil, storeError(err, "")
	case report.Applied || report.DryRun:
		return &importOutput{report}, nil
	}
	refused := &refusedImport{Report: &report}
	refused.Status, refused.Title = http.StatusUnprocessableEntity, http.StatusText(http.StatusUnprocessableEntity)
	refused.Detail = fmt.Sprintf("the file has %d bad lines of %d; nothing was changed", report.Bad, report.Lines)
	if report.Bad == 0 {
		refused.Detail = "the header of the file has problems; nothing was changed"
	}
	return nil, refused
}

type exportInput struct {
	Account string `query:"account_sid" maxLength:"34" doc:"The account; not needed where there is only one."`
}

// exportFile streams an account's numbers. When that fails midway the connection is cut, so that nobody takes a part for
// the whole.
func (t *transfers) exportFile(ctx context.Context, in *exportInput) (*huma.StreamResponse, error) {
	account, err := t.account(ctx, in.Account)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		_, w := humago.Unwrap(c)
		c.SetHeader("Content-Type", "text/csv; charset=utf-8; header=present")
		c.SetHeader("Content-Disposition", `attachment; filename="directory-`+account+`.csv"`)
		control := http.NewResponseController(w)
		if err := transfer.Export(ctx, t.store, account, patientWriter{w, control}); err != nil {
			if conn, _, err := control.Hijack(); err == nil {
				_ = conn.Close()
			}
		}
	}}, nil
}

// patientWriter gives the client time as long as it takes what is written.
type patientWriter struct {
	w       io.Writer
	control *http.ResponseController
}

func (p patientWriter) Write(b []byte) (int, error) {
	_ = p.control.SetWriteDeadline(time.Now().Add(patience))
	return p.w.Write(b)
}
