# Sourced by bench.sh: what digest authentication and the registrar cost.

users=4000 # that register, and prove who they are

# user_files writes the users for SIPp, and the directory that knows them, beside each other.
user_files() {
	{ echo SEQUENTIAL; for n in $(seq "$users"); do echo "u$n;[authentication username=u$n password=Callbox-lab-911]"; done; } >"$work/users.csv"
	awk -v users="$users" '
		/^credential_lists:/ {
			print; getline
			printf "  - name: bench\n    users:\n"
			for (n = 1; n <= users; n++) printf "      - {user: u%d, password: Callbox-lab-911}\n", n
			next
		}
		{ print }' "$here/directory.yaml" >"$work/directory.yaml"
	sed "s#^directory: .*#directory: $work/directory.yaml#" "$here/edge.yaml" >"$work/edge.yaml"
}

# registering RATE prints "ok failed goodput cpu_us": users that register anew again and again, each challenged once.
registering() {
	local rate=$1 before after
	before=$(cpu)
	(cd "$work" && rm -f stat.csv && timeout 120 sipp -sf "$here/register.xml" -inf users.csv -i 127.0.0.1 -p 15070 \
		-r "$rate" -m $((rate * seconds)) -l 20000 "$edge" \
		-trace_stat -fd 1 -stf stat.csv -recv_timeout 8000 -buff_size 4194304 -nostdin >/dev/null 2>&1) || true
	after=$(cpu)
	spent $((after - before))
}
