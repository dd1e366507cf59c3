package app

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// memoryAvailable returns the bytes of memory this process may use: the machine's, or its control group's where that
// is less. 0 means that neither is known. root is the file system, "/" but for tests.
func memoryAvailable(root string) int64 {
	least := int64(math.MaxInt64)
	if info, err := os.ReadFile(filepath.Join(root, "proc/meminfo")); err == nil {
		for line := range strings.Lines(string(info)) {
			fields := strings.Fields(line)
			if len(fields) != 3 || fields[0] != "MemTotal:" {
				continue
			}
			if kb, err := strconv.ParseInt(fields[1], 10, 64); err == nil && kb > 0 {
				least = kb << 10
			}
		}
	}
	for _, file := range []string{"sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			continue
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && n > 0 { // "max" is no number
			least = min(least, n)
		}
	}
	if least == math.MaxInt64 {
		return 0
	}
	return least
}
