package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the .want files of testdata/config/bad anew")

// The examples are shared with the commands' tests and the manual, and stand at the top of the repository.
const examples = "../testdata/config"

func TestGoodExamplesLoadWithoutAProblem(t *testing.T) {
	for _, file := range glob(t, "good/*.yaml") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			if _, problems := Load(file, nil); len(problems) > 0 {
				t.Error(problems)
			}
		})
	}
}

func TestBadExamplesGiveExactlyTheseProblems(t *testing.T) {
	for _, file := range glob(t, "bad/*.yaml") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, problems := Load(file, nil)
			if len(problems) == 0 {
				t.Fatal("no problem found")
			}
			got := strings.ReplaceAll(problems.Error(), filepath.Dir(file)+"/", "") + "\n"
			want := strings.TrimSuffix(file, ".yaml") + ".want"
			if *update {
				if err := os.WriteFile(want, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			wanted, err := os.ReadFile(want)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(wanted), got); diff != "" {
				t.Errorf("problems (-want +got), -update accepts them:\n%s", diff)
			}
			if strings.Contains(got, "Callbox-lab-911") || strings.Contains(got, "Callbox lab 911") {
				t.Error("a secret shows")
			}
		})
	}
}

func TestEveryWantFileHasItsExample(t *testing.T) {
	for _, want := range glob(t, "bad/*.want") {
		if _, err := os.Stat(strings.TrimSuffix(want, ".want") + ".yaml"); err != nil {
			t.Error(err)
		}
	}
}

func TestEveryProblemSaysWhereWhatAndHowToMendIt(t *testing.T) {
	for _, file := range glob(t, "bad/*.yaml") {
		_, problems := Load(file, nil)
		for _, p := range problems {
			if p.Line == 0 || p.Message == "" || p.Mend == "" {
				t.Errorf("%s lacks its line, message or mend: %+v", file, p)
			}
		}
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(examples, pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no %s: %v", pattern, err)
	}
	return files
}
