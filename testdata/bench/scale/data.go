package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
)

// most is how many numbers there are: twenty area codes of fifty thousand, in a city with fifty streets each.
const most = 1_000_000

const account = "AC00000000000000000000000000000911"

const directoryYAML = `msag: [guide.csv]
accounts:
  - {sid: ` + account + `, name: Scale}
acls:
  - {name: here, networks: [127.0.0.0/8]}
domains:
  - {name: lab.sip.us1.twilio.com, emergency_calling: true, acls: [here]}
psaps:
  - {id: first, name: First, uri: "sip:first@127.0.0.1:9", probe: false, serves: {country: US, states: [CA]}}
eccs:
  - {id: ecc-us, name: National, country: US, uri: "sip:ecc@127.0.0.1:9", probe: false}
test_service: {uri: "sip:test@127.0.0.1:9"}
`

// tables are what addresses are made of.
type tables struct {
	areaCodes []int
	cities    []string
	streets   []string
	suffixes  []string
}

func newTables() tables {
	return tables{
		areaCodes: []int{201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 224, 225, 228},
		cities: []string{"Aston", "Barlow", "Corwin", "Dalton", "Elmira", "Fairmont", "Garnet", "Hollis", "Ironton", "Jasper",
			"Kenton", "Lowell", "Marion", "Norwood", "Orland", "Preston", "Quincy", "Ripley", "Selma", "Tipton"},
		streets:  []string{"Oak", "Elm", "Maple", "Cedar", "Birch", "Walnut", "Chestnut", "Spruce", "Willow", "Poplar"},
		suffixes: []string{"St", "Ave", "Blvd", "Rd", "Ln"},
	}
}

// number is the i-th number.
func (t *tables) number(i int) string {
	return fmt.Sprintf("+1%d%d", t.areaCodes[i%len(t.areaCodes)], 2_000_000+i/len(t.areaCodes))
}

// spare is a number that is not in the file.
func (t *tables) spare(i int) string { return fmt.Sprintf("+1%d%d", t.areaCodes[0], 3_000_000+i) }

// generate writes directory, guide and numbers.
func generate(dir string, n int) error {
	t := newTables()
	if err := os.WriteFile(filepath.Join(dir, "directory.yaml"), []byte(directoryYAML), 0o600); err != nil {
		return err
	}
	err := write(filepath.Join(dir, "guide.csv"), func(w *bufio.Writer) {
		fmt.Fprintln(w, "community,state,street,suffix,low,high,parity,esn")
		for c, city := range t.cities {
			for s := range len(t.streets) * len(t.suffixes) {
				fmt.Fprintf(w, "%s,CA,%s,%s,1,1000,both,%d\n", city, t.streets[s%10], t.suffixes[s/10], 100+c)
			}
		}
	})
	if err != nil {
		return err
	}
	return write(filepath.Join(dir, "numbers.csv"), func(w *bufio.Writer) {
		fmt.Fprintln(w, "phone_number,friendly_name,service,customer_name,street,street_secondary,city,region,postal_code,iso_country")
		for i := range n {
			c, j := i%len(t.cities), i/len(t.cities)
			s := j / 1000
			fmt.Fprintf(w, "%s,Desk %d,e911,Acme,%d %s %s,Suite %d,%s,CA,%d,US\n",
				t.number(i), i, j%1000+1, t.streets[s%10], t.suffixes[s/10], 100+i%900, t.cities[c], 94000+c)
		}
	})
}

func write(name string, fill func(*bufio.Writer)) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	fill(w)
	if err := w.Flush(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
