package ali

import (
	"fmt"
	"strings"
)

// E164 reads a number as people and machines ask for one: in E.164, with or without the plus sign where it begins with
// 1, or the ten digits of a North American number.
func E164(text string) (string, error) {
	digits, plus := strings.CutPrefix(text, "+")
	switch n := len(digits); {
	case digits == "" || strings.Trim(digits, "0123456789") != "" || digits[0] == '0':
	case plus && n >= 8 && n <= 15:
		return text, nil
	case !plus && n == 10:
		return "+1" + digits, nil
	case !plus && n == 11 && digits[0] == '1':
		return "+" + digits, nil
	}
	return "", fmt.Errorf("%.40q is no number: write 4155550100 or +14155550100", text)
}
