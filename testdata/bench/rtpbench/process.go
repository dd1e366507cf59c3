package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is Linux's USER_HZ, the unit of CPU times in /proc on every platform Go runs on.
const tick = 10 * time.Millisecond

// processes are process IDs; as a flag, separated by commas.
type processes []int

// String returns the IDs as the flag takes them.
func (p *processes) String() string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint([]int(*p)), " ", ","), "[]")
}

// Set reads the flag.
func (p *processes) Set(s string) error {
	for one := range strings.SplitSeq(s, ",") {
		id, err := strconv.Atoi(one)
		if err != nil {
			return err
		}
		*p = append(*p, id)
	}
	return nil
}

// cpu returns the user and system time of the processes so far.
func (p processes) cpu() (total time.Duration) {
	for _, id := range p {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", id))
		if err != nil {
			continue
		}
		// The second field, the command, may hold anything: count from the last ')'.
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		for _, f := range fields[11:13] {
			n, _ := strconv.ParseInt(f, 10, 64)
			total += time.Duration(n) * tick
		}
	}
	return total
}

// memory returns the processes' private and shared resident bytes, each shared page counted once among its users.
func (p processes) memory() (total int64) {
	for _, id := range p {
		rollup, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", id))
		for line := range strings.Lines(string(rollup)) {
			if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
				kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
				total += kb * 1024
			}
		}
	}
	return total
}

// machineCPU returns the time all processors have been busy, whoever made them so.
func machineCPU() (total time.Duration) {
	stat, _ := os.ReadFile("/proc/stat")
	first, _, _ := strings.Cut(string(stat), "\n")
	for i, f := range strings.Fields(first)[1:] {
		const idle, ioWait, guest = 3, 4, 8
		if n, err := strconv.ParseInt(f, 10, 64); err == nil && i != idle && i != ioWait && i < guest {
			total += time.Duration(n) * tick
		}
	}
	return total
}

// descriptors returns how many files the processes have open, in the tables of all their threads.
func (p processes) descriptors() (total int) {
	for _, id := range p {
		tables := map[string]int{}
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", id))
		for _, t := range threads {
			fds, err := os.ReadDir(t + "/fd")
			if err != nil || len(fds) == 0 {
				continue
			}
			last, _ := os.Readlink(t + "/fd/" + fds[len(fds)-1].Name()) // threads that share a table have the same
			tables[last] = len(fds)
		}
		for _, n := range tables {
			total += n
		}
	}
	return total
}
