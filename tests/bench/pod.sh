# pod.sh - a pod to measure: roots, bare and guarded, an agent, and containers that run.
# shellcheck shell=bash disable=SC2034,SC2154 # run.sh reads what is set here, and sets what is read
#
# Owns     $work, the overlays in it, the agent's container and those of contain(), until pod_end.

# As in a pod, each container has process ids and mounts of its own: launchers refuse an agent that they can see.
contained=(unshare --pid --mount --fork --kill-child)
containers=() # the first process of each, by this namespace's numbers
runners=()    # who started them, and whose end is theirs
first='' agent=''

root() { # NAME: an overlay of the machine's root; the repository is visible in it
	mkdir -p "$work/$1" "$work/$1.up" "$work/$1.wk"
	mount -t overlay overlay -o "lowerdir=/,upperdir=$work/$1.up,workdir=$work/$1.wk" "$work/$1"
	mount --rbind /dev "$work/$1/dev"
	mount -t proc proc "$work/$1/proc"
	mkdir -p "$work/$1/bench"
	cp build/bench/start build/bench/open "$work/$1/bench/"
	echo data >"$work/$1/bench/file"
}

# CMD as a container of its own in ROOT; its first process is $first.
contain() { # ROOT CMD...
	# shellcheck disable=SC2016 # the inner shell expands it
	"${contained[@]}" sh -c 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$@" &
	runners+=($!)
	disown # its end is no news
	until first=$(pgrep -P "${runners[-1]}"); do sleep 0.05; done
	containers+=("$first")
}

end_containers() {
	[ ${#runners[@]} -eq 0 ] || kill -KILL "${runners[@]}"
	containers=() runners=()
}

pod_begin() {
	export FARGUARD_CONTAINER=bench # as the webhook sets it
	work=$(mktemp -d)
	mount -t tmpfs bench "$work"
	root bare
	root guarded
	mkdir -p "$work/guarded/.farguard" "$work/image"
	cp "$build/bin/farguard" "$build/lib/libfarguard.so" "$work/image/"
	"$build/bin/farguard" install --from "$work/image" "$work/guarded/.farguard" >/dev/null
	cp "$work/guarded/.farguard/ld.so.preload" "$work/guarded/etc/ld.so.preload"
	FARGUARD_EVENTS=process,file,network "${contained[@]}" "$build/bin/farguard" run --restart -- "$build/bin/farguard-agent" \
		>"$work/agent.log" 2>&1 &
	agent_runner=$!
	disown
	until agent=$(pgrep -P "$agent_runner") && agent=$(pgrep -P "$agent" -x farguard-agent); do sleep 0.05; done
}

pod_end() {
	end_containers
	[ -z "${agent_runner:-}" ] || kill -KILL "$agent_runner" 2>/dev/null || true
	umount -R "$work/bare" "$work/guarded" 2>/dev/null || true
	umount -l "$work"
	rmdir "$work"
}

# Our processes of the container whose first process is PID: those that run a program named farguard or farguard-agent.
farguards() { # PID
	local namespace dir
	namespace=$(readlink "/proc/$1/ns/pid")
	for dir in /proc/[0-9]*; do
		[ "$(readlink "$dir/ns/pid" 2>/dev/null)" = "$namespace" ] || continue
		case $(readlink "$dir/exe" 2>/dev/null) in
		*/farguard | */farguard-agent) echo "${dir#/proc/}" ;;
		esac
	done
}

on_cpu() { # PID...: the nanoseconds that they ran so far (Documentation/scheduler/sched-stats.rst)
	local pid
	for pid; do
		cat "/proc/$pid/schedstat"
	done | awk '{ n += $1 } END { printf "%d", n }'
}

# What runs of a core in SECONDS, in percent: the PIDs, or all that is ours in the pod.
busy() { # SECONDS [PID...]
	local seconds=$1 before pid
	local -a pids
	shift
	pids=("$@")
	if [ $# -eq 0 ]; then
		mapfile -t pids < <(for pid in "$agent" "${containers[@]}"; do farguards "$pid"; done)
	fi
	before=$(on_cpu "${pids[@]}")
	sleep "$seconds"
	awk -v ns=$(($(on_cpu "${pids[@]}") - before)) -v s="$seconds" 'BEGIN { printf "%.4f", ns / s / 1e7 }'
}

bundle() { # NAME ARG...: for runc, which has the root of that name
	local name=$1 root=$1
	[ "$name" = bare ] || root=guarded
	shift
	mkdir -p "$work/runc/$name"
	python3 - "$work/$root" "$@" >"$work/runc/$name/config.json" <<-'END'
		import json, sys
		kinds = ("pid", "mount", "ipc", "uts")
		json.dump({"ociVersion": "1.0.2", "root": {"path": sys.argv[1]}, "hostname": "bench",
		           "process": {"user": {"uid": 0, "gid": 0}, "args": sys.argv[2:], "cwd": "/", "noNewPrivileges": True,
		                       "env": ["PATH=/usr/bin:/bin", "FARGUARD_CONTAINER=bench"]},
		           "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
		           "linux": {"namespaces": [{"type": kind} for kind in kinds]}}, sys.stdout)
	END
}

oci() {
	runc --root "$work/runc/state" "$@"
}

runc_probes() { # ROUNDS: "NAME MEDIAN P90 LEAST" of each variant, in microseconds; they take turns
	local name before
	bundle bare /bin/sleep 3600
	bundle command /.farguard/farguard run -- /bin/sleep 3600
	bundle self-wrap /bin/sleep 3600
	for name in bare command self-wrap; do
		oci run --detach --bundle "$work/runc/$name" "bench-$$-$name" </dev/null >"$work/runc/$name.log" 2>&1
	done
	sleep 1
	for ((i = 0; i < $1; i++)); do
		for name in bare command self-wrap; do
			before=${EPOCHREALTIME/./}
			oci exec "bench-$$-$name" /bin/true
			echo "$name $((${EPOCHREALTIME/./} - before))"
		done
	done | sort -k1,1 -k2n | awk '
		{ v[$1, ++n[$1]] = $2 }
		END { for (k in n) print k, v[k, int((n[k] + 1) / 2)], v[k, int((n[k] * 9 + 9) / 10)], v[k, 1] }' | sort
	for name in bare command self-wrap; do
		oci delete --force "bench-$$-$name"
	done
}
