package strict_test

import (
	"fmt"
	"time"

	"callbox/config/strict"
)

func ExampleDecode() {
	var options struct {
		Listeners []struct {
			Network string `yaml:"network"`
		} `yaml:"listeners"`
		Timeout time.Duration `yaml:"timeout"`
	}
	src := `listeners:
  - network: udp
  - netwrok: tcp
timeout: 30
`
	_, problems := strict.Decode("callbox.yaml", []byte(src), &options)
	fmt.Println(problems.Error())
	// Output:
	// callbox.yaml:3: listeners[1].netwrok: unknown key; did you mean network?
	// callbox.yaml:4: timeout: "30": is a duration without a unit; write 30s for seconds
}

func ExampleDocument_Problem() {
	var options struct {
		Listeners []struct {
			Network string `yaml:"network"`
		} `yaml:"listeners"`
	}
	src := "listeners:\n  - network: udp\n  - network: sctp\n"
	doc, problems := strict.Decode("callbox.yaml", []byte(src), &options)
	for i, l := range options.Listeners {
		if l.Network != "udp" {
			path := fmt.Sprintf("listeners[%d].network", i)
			problems = append(problems, doc.Problem(path, "is not known", "write udp"))
		}
	}
	fmt.Println(problems.Err())
	// Output: callbox.yaml:3: listeners[1].network: "sctp": is not known; write udp
}
