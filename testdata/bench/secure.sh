# Sourced by bench.sh: RTP on the caller's side and SRTP (AES_CM_128_HMAC_SHA1_80) on the call centre's, so that half of
# the packets are sealed and half are opened.

srtp= # not empty: start_callbox and start_peer have the call centre's media protected

# secure_media NAME fills result[NAME.srtp] and result[NAME.srtp99] for the edge that start_NAME starts.
secure_media() {
	local name=$1 line
	srtp=yes
	cp "$work/directory.yaml" "$work/directory.plain"
	sed -i 's/serves:/srtp: required, &/' "$work/directory.yaml"
	"start_$name"
	line=$("$here/rtpbench/rtpbench" -edge "$edge" -centre "$centre" -calls "$calls" -time "$stream" \
		-pids "$(IFS=,; echo "${pids[*]}")")
	stop
	srtp=
	mv "$work/directory.plain" "$work/directory.yaml"
	echo "  SRTP: $line" >&2
	result[$name.srtp]=$(pair cpu_us_per_packet "$line")
	result[$name.srtploss]=$(pair loss_percent "$line")
}
