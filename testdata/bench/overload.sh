# Sourced by bench.sh: post-dial delay, and an edge that is offered more than it can carry.

on=() # what a command is put before to run on one processor

# calls PHASES prints callbench's lines for the edge that runs.
calls() {
	"${on[@]}" "$here/callbench/callbench" -edge "$edge" -caller 127.0.0.1:15071 -centre "$centre" -pid "${pids[0]}" -phases "$1"
}

# post_dial RATE prints "p50 p99" in microseconds: from the caller's INVITE to the one that the centre gets.
post_dial() {
	local line
	line=$(calls "$1x${seconds}s" | grep '^rate=')
	echo "  $line" >&2
	echo "$(pair postdial_p50_us "$line") $(pair postdial_p99_us "$line")"
}

# overload prints the rows of the second table of the report.
overload() {
	local peak=0 goodput line times
	if [ "$(nproc)" -lt 2 ]; then
		echo "bench: one processor cannot both offer and carry: overload is not measured" >&2
		return
	fi
	on=(taskset -c 0)
	start_callbox
	on=(taskset -c 1)
	calls "$warm" >/dev/null # until old transactions end as fast as new ones begin
	while read -r line; do
		echo "  $line" >&2
		goodput=$(pair goodput "$line")
		[ "$goodput" -le "$peak" ] || peak=$goodput
	done < <(calls "$climb" | grep '^rate=')
	for times in 1 2 5; do
		{
			read -r line
			overload_row "$times × the peak" "$line" "$(awk -v a="$(pair goodput "$line")" -v b="$peak" 'BEGIN { printf "%.2f", a / b }')"
			read -r line
			overload_row "then half the peak" "$line" -
		} < <(calls "$((times * peak))x${seconds}s,$((peak / 2))x${seconds}s" | grep '^rate=')
	done
	stop
	on=()
}

# overload_row WHAT LINE SHARE prints a phase.
overload_row() {
	echo "  $2" >&2
	echo "| $1 | $(pair rate "$2") | $(pair goodput "$2") | $3 | $(pair refused "$2") | $(($(pair otherwise "$2") + $(pair timed_out "$2")))" \
		"| $(pair setup_p50_us "$2") | $(pair setup_p99_us "$2") | $(pair recovered_ms "$2") |"
}

overload_table() {
	[ -n "$1" ] || return 0
	cat <<TABLE

## More than it can carry

The edge has one processor, and the generator, which does not wait for answers, the other. Set-up is from the caller's INVITE to the 200, in µs, of calls that were completed; "since" is how far into its
$seconds s the last call began that was refused, failed or took over 500 ms, in ms.

| offered | calls/s | completed/s | of the peak | 503 | failed otherwise | set-up p50 | p99 | since |
|---|---|---|---|---|---|---|---|---|
$1
TABLE
}
