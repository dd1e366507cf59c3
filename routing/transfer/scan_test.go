package transfer

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// scanned is what the scanner says of a file: each record as line:column=value, each bad one as line:column!message.
func scanned(r io.Reader) (lines []string, err error) {
	for s := newScanner(r); ; {
		fields, err := s.next()
		var bad *badRecord
		switch {
		case errors.Is(err, io.EOF):
			return lines, nil
		case errors.As(err, &bad):
			lines = append(lines, fmt.Sprintf("%d:%d! %s", bad.line, bad.column, bad.message))
			continue
		case err != nil:
			return lines, err
		}
		var text []string
		for _, f := range fields {
			text = append(text, fmt.Sprintf("%d:%d=%s", f.line, f.column, f.text))
		}
		lines = append(lines, strings.Join(text, " "))
	}
}

func TestRecordsAreRead(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxRecord)
	for _, test := range []struct {
		name, file string
		want       []string
	}{
		{"values and their places", "a,bc,d\n\u00e9,,f\n", []string{"1:1=a 1:3=bc 1:6=d", "2:1=\u00e9 2:3= 2:4=f"}},
		{"CRLF", "a,b\r\nc,d\r\n", []string{"1:1=a 1:3=b", "2:1=c 2:3=d"}},
		{"no line end at the end", "a,b", []string{"1:1=a 1:3=b"}},
		{"a byte order mark", "\xef\xbb\xbfa,b\n", []string{"1:1=a 1:3=b"}},
		{"empty lines", "\n\r\na\n\n\nb\n", []string{"3:1=a", "6:1=b"}},
		{"an empty file", "", nil},
		{"quotes", `"a,b","c ""d""",e` + "\n", []string{`1:1=a,b 1:7=c "d" 1:17=e`}},
		{"CRLF behind quotes", "\"a\",\"b\"\r\nc\r\n", []string{"1:1=a 1:5=b", "2:1=c"}},
		{"quotes at the end of the file", `"a"`, []string{"1:1=a"}},
		{"an empty value in quotes", `"",x`, []string{"1:1= 1:4=x"}},
		{"a line break in quotes", "\"a\nb\",c\nd\n", []string{"1:1=a\nb 2:4=c", "3:1=d"}},
		{"a quote that is not closed spoils its own line only", "a,\"b\nc,d\n", []string{"1:3! opens a quote that is not closed", "2:1=c 2:3=d"}},
		{"one that the next line closes", "a,\"b\nc,\"d\"\n", []string{"1:3! opens a quote that is not closed", "2:1=c 2:3=d"}},
		{"text behind a quote", `"a"b,c` + "\nd\n", []string{"1:4! goes on behind a closing quote", "2:1=d"}},
		{"a quote in a value", "5\" pipe,c\nd\n", []string{"1:2! has a quote within a value", "2:1=d"}},
		{"a long line", "a\n" + long + "\nb\n", []string{"1:1=a", "2:1! " + longRecord, "3:1=b"}},
		{"a line longer than the buffer", strings.Repeat(long, 9) + "\nb\n", []string{"1:1! " + longRecord, "2:1=b"}},
		{"a long line without end", "a\n" + long + long, []string{"1:1=a", "2:1! " + longRecord}},
		{"the longest line", long[1:] + "\nb", []string{"1:1=" + long[1:], "2:1=b"}},
		{"quotes over more than a line may have", "\"a\n" + long + "\"\n", []string{"1:1! opens a quote that is not closed", "2:1! " + longRecord}},
		{"values behind quotes that do not fit", "\"a\n\"," + long + "\nb\n", []string{"1:1! " + longRecord, "2:1! " + longRecord, "3:1=b"}},
		{"too many values", strings.Repeat(",", maxFields) + "\nb\n", []string{"1:1! has more than 256 values", "2:1=b"}},
		{"too many values in quotes", strings.Repeat(`"",`, maxFields) + "\nb\n", []string{"1:1! has more than 256 values", "2:1=b"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for name, r := range map[string]io.Reader{"at once": strings.NewReader(test.file), "byte by byte": iotest.OneByteReader(strings.NewReader(test.file))} {
				got, err := scanned(r)
				if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
					t.Errorf("%s: %s%v", name, diff, err)
				}
			}
		})
	}
}

func TestAReaderThatFailsEndsTheFile(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, file := range []string{"", "a,b\n", "a,b", "\"a", strings.Repeat("x", 3*maxRecord)} {
		lines, err := scanned(io.MultiReader(strings.NewReader(file), iotest.ErrReader(broken)))
		if !errors.Is(err, broken) {
			t.Errorf("%.20q: %q, %v; want the reader's error", file, lines, err)
		}
	}
}

// FuzzScan holds that what encoding/csv takes is read alike, and that every line is accounted for.
func FuzzScan(f *testing.F) {
	for _, s := range []string{"a,b\n\"c\",\"d\"\"e\"\r\n", "\"a\nb\",c\n", "\"\n\"x\n", "a\"b\n", "\r\n,\r,\n", "\xef\xbb\xbf\"a\""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		s := newScanner(bytes.NewReader(file))
		var got [][]string
		last, clean := 0, true
		for {
			fields, err := s.next()
			if errors.Is(err, io.EOF) {
				break
			}
			var bad *badRecord
			if errors.As(err, &bad) {
				clean = false
				if bad.line < last || bad.line > s.line {
					t.Fatalf("%+v behind line %d, before %d", bad, last, s.line)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if fields[0].line < last {
				t.Fatalf("line %d behind line %d", fields[0].line, last)
			}
			last = fields[0].line
			record := make([]string, len(fields))
			for i, x := range fields {
				record[i] = strings.ReplaceAll(x.text, "\r\n", "\n") // as encoding/csv does
			}
			got = append(got, record)
		}
		reference := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(file, []byte("\xef\xbb\xbf"))))
		reference.FieldsPerRecord = -1
		want, err := reference.ReadAll()
		if err != nil || !clean {
			return
		}
		if !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%q is read as %q, by encoding/csv as %q", file, got, want)
		}
	})
}
