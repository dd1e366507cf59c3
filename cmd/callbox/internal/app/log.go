package app

import (
	"fmt"
	"io"
	"time"

	"github.com/rs/zerolog"

	"callbox/config"
)

// newLogger returns the edge's log. The level is the process's own, so that a reload changes it for every part and a
// line below it costs nothing.
func newLogger(w io.Writer, o config.Log) (zerolog.Logger, error) {
	if err := setLevel(o.Level); err != nil {
		return zerolog.Nop(), err
	}
	if o.Format == "console" {
		w = zerolog.ConsoleWriter{
			Out: w, TimeFormat: "15:04:05.000", TimeLocation: time.UTC, NoColor: true,
			PartsOrder:   []string{zerolog.TimestampFieldName, zerolog.LevelFieldName, zerolog.MessageFieldName, zerolog.CallerFieldName},
			FormatCaller: formatCaller,
		}
	}
	return zerolog.New(w).Hook(zerolog.HookFunc(stamp)), nil
}

// formatCaller shows who calls as a field like any other: zerolog takes the name for a place in the code.
func formatCaller(number any) string {
	if s, _ := number.(string); s != "" {
		return "caller=" + s
	}
	return ""
}

// stamp puts the time on a line: RFC 3339 in UTC, to the millisecond.
func stamp(e *zerolog.Event, _ zerolog.Level, _ string) {
	e.Str("time", time.Now().UTC().Format("2006-01-02T15:04:05.000Z"))
}

func setLevel(level string) error {
	l, err := zerolog.ParseLevel(level)
	if err != nil {
		return fmt.Errorf("log.level: %w", err)
	}
	zerolog.SetGlobalLevel(l)
	return nil
}

// part returns the log of one part of the edge.
func (a *App) part(name string) zerolog.Logger {
	return a.log.With().Str("part", name).Logger()
}
