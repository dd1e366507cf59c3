#!/usr/bin/env bash
# Measures callbox and, when they are installed, Kamailio + rtpengine one after the other on this machine's loopback, and
# writes the comparison to REPORT.md beside this script. About seventeen minutes; ends by itself and leaves nothing running.
#
#   testdata/bench/bench.sh [--quick]     --quick: a tenth of the load, to see that everything works
#
# Figures move with the machine: only the ratio of two edges measured in the same run means anything.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
callbox=$here/../../callbox
edge=127.0.0.1:15060   # where the edge under test listens
centre=127.0.0.1:5080  # where SIPp or rtpbench answers as the call centre
seconds=8 calls=600 stream=15s steady=200 flood=1000
rates=(200 300 400 500 600 700 800 1000 1200 1400 1600 2000 2500)
register_rates=(500 1000 2000 3000 4000 5000 6000 8000)
warm=1500x35s climb=2000x6s,2500x6s,3000x6s,3500x6s # of overload.sh
held=600,2400,4800,10000 hold=40s # of memory.sh
rtp=40000-59999
report=$here/REPORT.md
work=$(mktemp -d)
if [ "${1:-}" = --quick ]; then
	seconds=2 calls=60 stream=3s steady=50 flood=100 rates=(50 100) register_rates=(100 200) warm=50x1s climb=100x2s,200x2s held=60,240 hold=3s report=$work/REPORT.md
fi
# Media of the callers and centres; none of it is sent in the signalling runs.
uac_media=20000 uas_media=16000

started=() # processes to stop, in order of their start
pids=()    # processes of the edge under test

stop() {
	for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
	for pid in "${started[@]}"; do wait "$pid" 2>/dev/null || true; done
	started=() pids=()
}
trap 'stop; rm -rf "$work" "$report.part"' EXIT
# shellcheck source=overload.sh
. "$here/overload.sh"
# shellcheck source=memory.sh
. "$here/memory.sh"
# shellcheck source=auth.sh
. "$here/auth.sh"
# shellcheck source=secure.sh
. "$here/secure.sh"

need() { command -v "$1" >/dev/null || { echo "bench: $1 is not installed (Debian: $2)" >&2; exit 1; }; }

# until_udp waits until somebody listens on a UDP address.
until_udp() {
	for _ in $(seq 100); do
		ss -Hlun "src $1" | grep -q . && return
		sleep 0.1
	done
	echo "bench: nothing listens on udp $1:" >&2
	tail -n 20 "$work"/*.log >&2
	exit 1
}

# family prints a process and its children.
family() { echo "$1"; pgrep -P "$1" || true; }

start_callbox() {
	rm -rf "$work/data" # the calls of the run before would be in memory
	"${on[@]}" "$callbox" serve --config "$work/edge.yaml" --sip "udp:$edge" --http 127.0.0.1:18080 --data "$work/data" \
		--rtp-ports "$rtp" --log-level warn >"$work/callbox.log" 2>&1 &
	started+=($!)
	until_udp "$edge"
	pids=("$!")
}

start_peer() {
	rtpengine --interface=127.0.0.1 --listen-ng=127.0.0.1:2223 --table=-1 --foreground --log-stderr --log-level=3 \
		--port-min=40000 --port-max=65000 --num-threads=4 >"$work/rtpengine.log" 2>&1 &
	local media=$!
	started+=("$media")
	until_udp 127.0.0.1:2223
	kamailio -f "$here/kamailio.cfg" -A "EDGE=udp:$edge" ${srtp:+-A SRTP} -DD -E -m 512 -M 16 -Y "$work" -P "$work/kamailio.pid" \
		>"$work/kamailio.log" 2>&1 &
	started+=($!)
	until_udp "$edge"
	mapfile -t pids < <(family "$!"; echo "$media")
}

# cpu prints the clock ticks the edge has used so far.
cpu() {
	local total=0 used
	for pid in "${pids[@]}"; do
		used=$(awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$pid/stat" 2>/dev/null) || used=0
		total=$((total + used))
	done
	echo "$total"
}

# spent TICKS prints "ok failed goodput cpu_us" of the SIPp run that ended last.
spent() {
	awk -F';' -v ticks="$1" -v hz="$(getconf CLK_TCK)" '
		NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
		{ ok = $column["SuccessfulCall(C)"]; failed = $column["FailedCall(C)"] }
		{ split($column["StartTime"], from, "\t"); split($column["CurrentTime"], to, "\t"); spent = to[3] - from[3] }
		END {
			printf "%d %d %.0f %.0f\n", ok, failed, ok / (spent > 0 ? spent : 1), ticks / hz * 1e6 / (ok > 0 ? ok : 1)
		}' "$work/stat.csv"
}

# signalling RATE [HOLD_MS [SCENARIO]] prints "ok failed goodput cpu_us": one SIPp run of $seconds at RATE complete calls per
# second.
signalling() {
	local rate=$1 hold=${2:-200} scenario=${3:-uac_911.xml} before after uas
	(cd "$work" && exec sipp -sf "$here/uas_psap.xml" -i 127.0.0.1 -p "${centre#*:}" -mi 127.0.0.1 -mp "$uas_media" \
		-buff_size 4194304 -nostdin >/dev/null 2>&1) &
	uas=$!
	started+=("$uas")
	until_udp "$centre"
	before=$(cpu)
	(cd "$work" && rm -f stat.csv && timeout 120 sipp -sf "$here/$scenario" -i 127.0.0.1 -p 15070 -mi 127.0.0.1 \
		-mp "$uac_media" -r "$rate" -m $((rate * seconds)) -d "$hold" -l 20000 "$edge" \
		-trace_stat -fd 1 -stf stat.csv -recv_timeout 8000 -buff_size 4194304 -nostdin >/dev/null 2>&1) || true
	after=$(cpu)
	kill "$uas" && wait "$uas" || true
	spent $((after - before))
}

# ladder WHAT COMMAND RATE... prints the highest goodput of COMMAND RATE with fewer than 0.5 % failed.
ladder() {
	local what=$1 command=$2 rate best=0 ok failed goodput cost
	shift 2
	for rate; do
		for attempt in 1 2; do # a step may fail for something else that ran on the machine: two must
			read -r ok failed goodput cost < <($command "$rate")
			echo "  $rate $what/s: $ok ok, $failed failed, $goodput/s, $cost us of CPU each" >&2
			if [ $((failed * 200)) -lt $((ok + failed)) ] && [ $((goodput * 100)) -ge $((rate * 85)) ]; then
				best=$goodput
				continue 2
			fi
		done
		break
	done
	echo "$best"
}

# pair prints the value of NAME in a line of name=value pairs.
pair() { tr ' ' '\n' <<<"$2" | sed -n "s/^$1=//p"; }

# measure NAME fills result[NAME.*] for the edge that start_NAME starts.
declare -A result
measure() {
	local name=$1 ok failed goodput cost line half
	echo "$name: signalling" >&2
	"start_$name"
	read -r ok failed goodput cost < <(signalling "$steady" 200)
	result[$name.cpu]=$cost
	result[$name.best]=$(ladder calls signalling "${rates[@]}")
	read -r ok failed goodput cost < <(signalling "$flood" 200)
	result[$name.flood]=$goodput
	stop
	echo "$name: authentication" >&2
	"start_$name"
	read -r ok failed goodput cost < <(signalling "$steady" 200 uac_digest.xml)
	echo "  calls with digest: $ok ok, $failed failed, $cost us of CPU a call" >&2
	result[$name.digest]=$cost
	registering "$steady" >/dev/null # so that users are there, to be refreshed
	read -r ok failed goodput cost < <(registering "$steady")
	result[$name.register]=$cost
	result[$name.registers]=$(ladder registrations registering "${register_rates[@]}")
	stop
	"start_$name"
	half=$((result[$name.best] / 2))
	calls "$half"x2s >/dev/null # the first calls after a start find nothing warm
	read -r result[$name.dial50] result[$name.dial99] < <(post_dial "$half")
	stop
	echo "$name: media" >&2
	"start_$name"
	line=$("$here/rtpbench/rtpbench" -edge "$edge" -centre "$centre" -calls "$calls" -time "$stream" \
		-pids "$(IFS=,; echo "${pids[*]}")")
	echo "  $line" >&2
	result[$name.packet]=$(pair cpu_us_per_packet "$line")
	result[$name.loss]=$(pair loss_percent "$line")
	result[$name.p50]=$(($(pair delay_p50_us "$line") - $(pair delay_p50_us "$floor")))
	result[$name.p99]=$(($(pair delay_p99_us "$line") - $(pair delay_p99_us "$floor")))
	result[$name.idle]=$(pair memory_idle_mb "$line")
	result[$name.memory]=$(pair memory_mb "$line")
	result[$name.each]=$(awk -v a="${result[$name.memory]}" -v b="${result[$name.idle]}" -v n="$calls" 'BEGIN { printf "%.1f", (a - b) * 1000 / n }')
	stop
	secure_media "$name"
}

row() {
	local what=$1 key=$2 ours=${result[callbox.$2]} theirs=${result[peer.$2]:-} ratio=-
	[ -z "$theirs" ] || ratio=$(awk -v a="$ours" -v b="$theirs" 'BEGIN { if (b == 0) print "-"; else printf "%.2f", a / b }')
	echo "| $what | $ours | ${theirs:--} | $ratio |"
}

version() { dpkg-query -W -f '${Version}' "$1" 2>/dev/null || echo "not installed"; }

write_report() {
	cat <<REPORT
# Bench

Made by \`make bench\` on $(date -u +%F): loopback, caller, edge and call centre all on the one machine. Only the ratios mean
anything elsewhere. Peer: Kamailio with 8 workers, From check, record-routing, digest
and a registrar in memory alone (callbox keeps registrations in its database), and rtpengine in user space.

| what | callbox | peer | ratio |
|---|---|---|---|
$(row "complete calls per second, media anchored, under 0.5 % failed" best)
$(row "goodput when offered $flood calls per second" flood)
$(row "CPU per complete call at $steady calls per second, µs" cpu)
$(row "the same with digest (407), µs" digest)
$(row "registrations per second, each challenged (401), under 0.5 % failed" registers)
$(row "CPU per registration at $steady per second, µs" register)
$(row "post-dial delay added at half of each one's rate, p50, µs" dial50)
$(row "post-dial delay added at half of each one's rate, p99, µs" dial99)
$(row "RTP: CPU per packet, $calls calls, µs" packet)
$(row "RTP: loss, %" loss)
$(row "SRTP towards the call centre: CPU per packet, µs" srtp)
$(row "SRTP: loss, %" srtploss)
$(row "RTP: delay added, p50, µs" p50)
$(row "RTP: delay added, p99, µs" p99)
$(row "memory before the first call, MB" idle)
$(row "memory with $calls calls and their media, MB" memory)
$(row "growth per call, kB" each)

Calls are held 200 ms in the signalling runs. The generators share the cores with the edge, so both columns of the first
two rows are lower than on a machine of the edge's own. RTP without an edge:
\`$floor\`.
$(overload_table "$crowd")
$(memory_table "$lines")

## Made with

| | |
|---|---|
| machine | $(nproc) × $(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1), Linux $(uname -r) |
| callbox | $("$callbox" version | head -n 1) |
| Go | $(go version | cut -d' ' -f3) |
| kamailio | $(version kamailio) |
| rtpengine | $(version rtpengine-daemon) |
| SIPp | $(version sip-tester) |
REPORT
}

need sipp sip-tester
need ss iproute2
[ -x "$callbox" ] || { echo "bench: build callbox first (make build)" >&2; exit 1; }
(cd "$here/rtpbench" && go build -o rtpbench .)
(cd "$here/callbench" && go build -o callbench .)

user_files
echo "generator alone" >&2
floor=$("$here/rtpbench/rtpbench" -direct -calls "$calls" -time "$stream")
measure callbox
if command -v kamailio >/dev/null && command -v rtpengine >/dev/null; then
	measure peer
else
	echo "bench: Kamailio and rtpengine are not installed: nothing to compare with" >&2
fi
echo "callbox: more than it can carry" >&2
crowd=$(overload start_callbox)
echo "callbox: many calls up" >&2
lines=$(memory)
write_report | tee "$report.part"
mv "$report.part" "$report" # whole or not at all
