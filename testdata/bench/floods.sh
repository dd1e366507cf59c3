#!/usr/bin/env bash
# Floods callbox with what an edge should not have to carry while emergency calls are placed beside it, and writes what
# became of both to FLOODS.md beside this script. Five minutes, six on a busy machine: eight seconds for each kind and a
# hundred for the million datagrams. Ends by itself and leaves nothing running. Everything stays on this machine's loopback.
#
#   testdata/bench/floods.sh              every kind, the million datagrams, and FLOODS.md
#   testdata/bench/floods.sh KIND...      these only ("million" is one), as a table on standard output
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
callbox=${CALLBOX:-$here/../../callbox}
flood=$here/flood/flood
host=127.0.9.1         # the edge's; what floods comes from 127.16.0.0 on
centre=127.0.9.2:5080  # where flood answers as the call centre
rate=100               # emergency calls per second
udp=20000 tcp=2000 tls=500 # datagrams and connections offered per second
seconds=4
million=1000000 spread=100000 # datagrams, and the addresses they come from
report=$here/FLOODS.md

work=$(mktemp -d)
edge=  # process of the edge
probe= # process that reads its figures
stop() {
	for pid in $probe $edge; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	edge='' probe=''
}
trap 'stop; rm -rf "$work" "$report.part"' EXIT

# start starts a fresh edge: memory that one flood took is not the next one's.
start() {
	rm -rf "$work/data"
	"$callbox" serve --config "$work/edge.yaml" --sip "udp:$host:5060" --sip "tcp:$host:5060" --sip "tls:$host:5061" \
		--http "$host:8080" --data "$work/data" --rtp-ports 61000-64999 --log-level error >"$work/callbox.log" 2>&1 &
	edge=$!
	for _ in $(seq 100); do
		curl -sf "http://$host:8080/readyz" >/dev/null && return
		sleep 0.1
	done
	echo "floods: the edge does not start:" >&2
	tail "$work/callbox.log" >&2
	exit 1
}

# figures prints the edge's metrics, and what the kernel dropped because the edge did not read it.
figures() {
	curl -sf --max-time 5 "http://$host:8080/metrics" | grep -E '^(callbox_|go_goroutines|process_)' || true
	ss -Huamn "src $host:5060" | sed -n 's/.*,d\([0-9]*\)).*/kernel_dropped \1/p'
}

# figure prints one of the figures in a file: its last value, or the largest where the file has several.
figure() { awk -v name="$1" '$1 == name && $2 + 0 >= most { most = $2 } END { printf "%.0f", most }' "$2"; }

# threefold prints before → peak → after of a figure, divided.
threefold() {
	local f
	for f in before during after; do
		awk -v n="$(figure "$1" "$work/$f")" -v by="${2:-1}" 'BEGIN { printf "%.0f ", n / by }'
	done | sed 's/ $//; s/ / → /g'
}

# watch collects the edge's figures twice a second.
watch() { while sleep 0.5; do figures; done; }

# pair prints the value of NAME in a line of name=value pairs.
pair() { tr ' ' '\n' <<<"$2" | sed -n "s/^$1=//p"; }

# calls TRANSPORT SECONDS places calls and prints what became of them.
calls() {
	local port=5060
	[ "$1" = tls ] && port=5061
	"$flood" calls -edge "$host:$port" -centre "$centre" -transport "$1" -rate "$rate" -time "${2}s" "${@:3}"
}

# quiet TRANSPORT fills quiet[TRANSPORT.p50] and .p99 with what calls take when nothing else happens: the median of three.
declare -A quiet
quiet() {
	local line
	calls "$1" 1 >/dev/null # the first calls of a process are slower
	for _ in 1 2 3; do calls "$1" 2; done >"$work/quiet"
	quiet[$1.p50]=$(grep -o 'setup_p50_us=[0-9]*' "$work/quiet" | cut -d= -f2 | sort -n | sed -n 2p)
	quiet[$1.p99]=$(grep -o 'setup_p99_us=[0-9]*' "$work/quiet" | cut -d= -f2 | sort -n | sed -n 2p)
	echo "quiet, by $1: p50 ${quiet[$1.p50]} us, p99 ${quiet[$1.p99]} us" >&2
}

# reasons prints what the edge counted as not taken, of what came.
reasons() {
	awk '
		NR == FNR { before[$1] = $2; next }
		$1 == "kernel_dropped" { name = "unread" }
		match($1, /refused_messages_total.*reason="/) { name = substr($1, RLENGTH + 1 + length("callbox_sip_")); sub(/".*/, "", name) }
		match($1, /refused_connections_total.*reason="/) { name = $1; sub(/.*reason="/, "", name); sub(/".*/, "", name); name = "connection " name }
		$1 == "callbox_sip_shed_invites_total" { name = "shed" }
		$1 ~ /^callbox_calls_ended_total.*verdict="(refuse|challenge)"/ { name = $1; sub(/.*verdict="/, "", name); sub(/".*/, "", name) }
		$1 == "callbox_cdr_dropped_total" { name = "records lost" }
		name != "" { n = $2 - before[$1]; if (n > 0) sum[name] += n; name = "" }
		END { for (name in sum) printf "%s %d\n", name, sum[name] }' "$work/before" "$work/after" | sort | paste -sd, | sed 's/,/, /g; s/^$/-/'
}

# beside KIND TRANSPORT RATE SOURCES [OPEN] prints a row: a flood of KIND, and the calls by TRANSPORT beside it.
beside() {
	local kind=$1 by=$2 offered=$3 sources=$4 open=${5:-2000} to=$host:5060 sender line sent p50 p99 answered
	case $kind in hello | slow-tls | handshake) to=$host:5061 ;; esac
	p50=${quiet[$by.p50]} p99=${quiet[$by.p99]}
	start
	calls "$by" 1 >/dev/null
	figures >"$work/before"
	watch >"$work/during" &
	probe=$!
	"$flood" send -kind "$kind" -to "$to" -rate "$offered" -sources "$sources" -open "$open" -time "$((seconds + 1))s" >"$work/sent" &
	sender=$!
	sleep 0.5
	line=$(calls "$by" "$seconds" -slow "$((3 * p50))us" -slow "$((3 * p99))us")
	wait "$sender"
	sleep 1
	kill "$probe" && wait "$probe" || true
	probe=
	figures >"$work/after"
	stop
	sent=$(cat "$work/sent")
	answered=$(($(pair calls "$line") - $(pair failed "$line")))
	echo "$kind: $sent; $line" >&2
	echo "| $kind | $by | $sources | $(pair rate "$sent") | $(pair calls "$line") / $answered | $(pair again "$line") |" \
		"$p50 / $(pair setup_p50_us "$line") | $p99 / $(pair setup_p99_us "$line") |" \
		"$(share "$(pair slow "$line")" "$answered") |" \
		"$(threefold process_resident_memory_bytes 1048576) | $(threefold go_goroutines) | $(threefold process_open_fds) | $(reasons) |"
}

# share A,B OF prints two percentages.
share() { awk -v n="$1" -v of="$2" 'BEGIN { split(n, s, ","); if (of == 0) of = 1; printf "%.1f / %.1f", 100 * s[1] / of, 100 * s[2] / of }'; }

# row KIND prints its row.
row() {
	case $1 in
	silent | half | drip) beside "$1" tcp "$tcp" 500 10000 ;;
	one-source) beside silent tcp "$tcp" 1 10000 ;;
	reset) beside "$1" tcp "$tcp" 500 ;;
	hello | slow-tls) beside "$1" tls "$tls" 500 10000 ;;
	handshake) beside "$1" tls "$tls" 500 ;;
	*) beside "$1" udp "$udp" 1000 ;;
	esac
}

header='| kind | calls by | sources | sent/s | calls / answered | INVITEs repeated | setup p50, µs, without / with | p99, µs, without / with | over 3 × p50 / 3 × p99, % | RSS, MB | goroutines | descriptors | not taken |
|---|---|---|---|---|---|---|---|---|---|---|---|---|'

# spoofed prints the table of the million.
spoofed() {
	local sent f wait
	start
	calls udp 2 >/dev/null
	sleep 1
	figures >"$work/before"
	sent=$("$flood" send -kind mixed -to "$host:5060" -rate "$udp" -sources "$spread" -count "$million" -time 100s)
	figures >"$work/during"
	sleep 1
	calls udp 2 >"$work/calls"
	sleep 38 # RFC 3261 has the last transaction live for 32 s
	figures >"$work/after"
	calls udp 2 >>"$work/calls"
	stop
	echo "million: $sent; $(cat "$work/calls")" >&2
	echo "$(pair sent "$sent") datagrams of all kinds above from $spread addresses, $(pair rate "$sent") a second; before, right after, and 40 s later:"
	echo
	echo "| what | before → right after → 40 s later |"
	echo "|---|---|"
	echo "| RSS, MB | $(threefold process_resident_memory_bytes 1048576) |"
	for f in callbox_sip_transactions callbox_sip_legs callbox_calls_active callbox_sip_connections callbox_media_sessions \
		callbox_cdr_queue_records go_goroutines process_open_fds kernel_dropped; do
		echo "| \`$f\` | $(threefold "$f") |"
	done
	echo "| calls failed, right after and 40 s later | $(grep -o 'failed=[0-9]*' "$work/calls" | cut -d= -f2 | paste -sd' ' | sed 's/ / → /') |"
	echo
	echo "Not taken: $(reasons)."
}

write_report() {
	cat <<REPORT
# Floods

Made by \`testdata/bench/floods.sh\` on $(date -u +%F): flood, callers, edge and call centre share this machine's cores by
loopback, so that a flood slows calls by the work of sending it, too. Beside each flood of $((seconds + 1)) s, $rate emergency
calls a second are placed by the transport given. "Without" is the median of three runs with nothing else; where there are
three figures they are before, at most during, and one second after.

$1

The second row of \`silent\` is from one address. What the kinds are is said by \`flood send -h\` and its source.

## A million datagrams

$2

| | |
|---|---|
| machine | $(nproc) × $(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1), Linux $(uname -r) |
| callbox | $("$callbox" version | head -n 1) |
REPORT
}

for tool in ss curl; do
	command -v "$tool" >/dev/null || { echo "floods: $tool is not installed (Debian: iproute2, curl)" >&2; exit 1; }
done
[ -x "$callbox" ] || { echo "floods: build callbox first (make build)" >&2; exit 1; }
(cd "$here/flood" && go build -o flood .)
sed "s/@127.0.0.1:5080/@$centre/" "$here/directory.yaml" >"$work/directory.yaml"
cp "$here/edge.yaml" "$work/"

kinds=("$@")
[ $# -gt 0 ] || kinds=(junk register options wrong-domain wrong-number no-auth not-911 cancel bye ack answers repeat mixed
	silent one-source half drip reset hello slow-tls handshake)
lasts=$((25 + 8 * ${#kinds[@]}))
[[ $# -gt 0 && " $* " != *" million "* ]] || lasts=$((lasts + 100))
echo "floods: ${kinds[*]}; about $lasts s" >&2
start
for transport in udp tcp tls; do quiet "$transport"; done
stop
table=$header
for kind in "${kinds[@]}"; do
	[ "$kind" = million ] || table+=$'\n'$(row "$kind")
done
if [ $# -eq 0 ]; then
	crowd=$(spoofed)
	write_report "$table" "$crowd" | tee "$report.part"
	mv "$report.part" "$report" # whole or not at all
	echo "floods: took $SECONDS s; the report is $report" >&2
	exit
fi
echo "$table"
for kind in "$@"; do
	[ "$kind" != million ] || spoofed
done
