package config

import (
	"fmt"
	"strings"
	"time"
)

// ali checks the line protocol of an ALI link: what it tells of callers is not for everybody.
func (c *checker) ali(a ALI) {
	if a.Listen.IsValid() {
		c.bindable("ali.listen", a.Listen)
	}
	for i, p := range a.Allow {
		path := fmt.Sprintf("ali.allow[%d]", i)
		switch {
		case !p.IsValid(): // its own problem is there already
		case p != p.Masked():
			c.add(path, "has bits of a machine behind those of its network", "write "+p.Masked().String())
		case p.Bits() == 0:
			c.add(path, "is everybody", "name the networks of the call centres")
		}
	}
	if len(a.Allow) > 0 && !a.Listen.IsValid() {
		c.add("ali.allow", "is not used while there is no ali.listen", "set ali.listen, or remove it")
	}
	if a.Linger < 0 || a.Linger > time.Hour {
		c.add("ali.linger", "is too short or too long", "write 0s, for none, to 1h")
	}
	if a.Class != "" && (len(a.Class) != 4 || strings.Trim(a.Class, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789$") != "") {
		c.add("ali.class_of_service", "is no class of service", "write four capital letters such as RESD, BUSN, VOIP or PBXB, or remove the key")
	}
	if len(a.Company) > 5 || strings.Trim(a.Company, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		c.add("ali.company", "is no company ID", "write up to 5 capital letters and digits")
	}
}
