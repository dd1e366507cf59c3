# Sourced by bench.sh: the memory of calls that are up, and what is left of it afterwards.

# memory prints rtpbench's lines: before the first call, with each number of calls in $held, and afterwards.
memory() {
	local rtp=24100-65001 # room for ten thousand
	start_callbox
	"$here/rtpbench/rtpbench" -edge "$edge" -centre "$centre" -climb "$held" -time "$hold" -rate 200 -pps 1 -pids "${pids[0]}" | tee /dev/stderr
	stop
}

memory_table() {
	local line n mb idle='' what each
	cat <<TABLE

## Calls that are up

One edge with up to ten thousand calls at once, a packet a second in each direction; each number is held $hold. Afterwards
is 100 s after the last one ended. The limit of open files is $(ulimit -n); a call has four sockets.

| calls | memory, MB | growth per call, kB | files open | RTP lost, % |
|---|---|---|---|---|
TABLE
	while read -r line; do
		n=$(pair calls "$line") mb=$(pair memory_mb "$line") what=$n each=-
		if [ -z "$idle" ]; then
			idle=$mb what=before
		elif [ "$n" = 0 ]; then
			what=afterwards
		else
			each=$(awk -v a="$mb" -v b="$idle" -v n="$n" 'BEGIN { printf "%.1f", (a - b) * 1000 / n }')
		fi
		echo "| $what | $mb | $each | $(pair descriptors "$line") | $(awk -v a="$(pair got "$line")" -v b="$(pair sent "$line")" \
			'BEGIN { print b ? sprintf("%.4f", 100 * (1 - a / b)) : "-" }') |"
	done <<<"$1"
}
