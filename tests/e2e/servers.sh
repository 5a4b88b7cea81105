# servers.sh - real servers do behind the launcher what their operators ask of them: reload, fork, stop.
# shellcheck shell=bash disable=SC2154,SC2016 # read by tests/e2e/run.sh; the shell in the pod expands what stands in quotes

servers="apache php-fpm postgres redis jemalloc"

in_server() { # NAMESPACE SERVER COMMAND
	kubectl -n "$1" exec "served-$2" -c main -- sh -c "$3" 2>&1
}

# What one command says, bare and guarded.
server_does() { # NAME SERVER COMMAND EXPECTED
	local namespace
	for namespace in e2e-open-bare e2e-open-guarded; do
		same "servers: $1, ${namespace#e2e-open-}" "$4" "$(in_server $namespace "$2" "$3")"
	done
}

server_ready() { # NAMESPACE
	local name
	for name in $servers; do
		[ "$(kubectl -n "$1" get pod "served-$name" -o jsonpath='{.status.containerStatuses[?(@.name=="main")].ready}')" = true ] ||
			return 1
	done
}

# Until COMMAND's output is another than before; a signal is answered in the server's own time.
until_changes='until [ "$(NOW)" != "$was" ] || [ $((i += 1)) -gt 100 ]; do sleep 0.1; done'

# The children of the server's first process: the shell asks /proc, for there is no ps.
workers='for p in /proc/[0-9]*; do read -r _ name _ _ rest <$p/stat && [ "$name" = "(NAME)" ] && echo ${p#/proc/}; done 2>/dev/null | sort -n | paste -sd,'

# There is no HTTP client in the image.
get="bash -c 'exec 3<>/dev/tcp/127.0.0.1/8080; printf \"GET / HTTP/1.0\r\n\r\n\" >&3; tail -n 1 <&3'"

reloads() { # NAME SERVER PROGRAM SIGNAL ASK EXPECTED
	local list=${workers/NAME/"$3"} wait
	wait=${until_changes/NOW/"$list"}
	# PID 1 is the server when bare, the launcher when guarded, which passes the signal on.
	server_does "$1" "$2" "was=\$($list); i=0; kill -$4 1; $wait; $5" "$6"
}

server_restarts() {
	kubectl -n "$1" get pods -o jsonpath='{range .items[*]}{.metadata.name}{" "}{.status.containerStatuses[?(@.name=="main")].restartCount}{"\n"}{end}' |
		grep '^served-' | sort
}

server_stop() { # SERVER: its STOPSIGNAL reaches it, so that it need not be killed after the grace period
	local bare guarded
	bare=$(gone_after e2e-open-bare "served-$1")
	guarded=$(gone_after e2e-open-guarded "served-$1")
	if [ $((guarded - bare)) -le 5000 ]; then
		ok "servers: $1 stops as when bare ($guarded ms guarded, $bare ms bare)"
	else
		not_ok "servers: $1 stops as when bare" "guarded $guarded ms, bare $bare ms, grace period 15 s"
	fi
}

part_servers() {
	local namespace name
	for namespace in e2e-open-bare e2e-open-guarded; do
		# shellcheck disable=SC2086 # words
		"$here/servers.py" $namespace $servers | kubectl create -f - >/dev/null
	done
	for namespace in e2e-open-bare e2e-open-guarded; do
		check "servers: all answer their probes, ${namespace#e2e-open-}" within 240 "the servers of $namespace" server_ready $namespace
	done
	reloads "Apache restarts gracefully" apache apache2 USR1 "$get" shop
	reloads "php-fpm executes itself anew" php-fpm php-fpm USR2 'for i in 1 2 3 4 5; do fpm-ask && break; sleep 0.2; done; echo $?' 0
	server_does "PostgreSQL keeps what it was told, from many processes" postgres \
		'q() { psql -U postgres -h 127.0.0.1 -qtAc "$1"; }; q "create table t (n int)"; for i in 1 2 3 4 5 6; do q "insert into t values ($i)" & done
		wait; q "select sum(n) from t"; kill -HUP 1; q "select pg_is_in_recovery()"' $'21\nf'
	server_does "redis forks to save" redis \
		'redis-cli set shop open >/dev/null; redis-cli bgsave >/dev/null; until redis-cli info persistence | grep -q rdb_bgsave_in_progress:0; do sleep 0.1; done
		redis-cli info persistence | grep rdb_last_bgsave_status | tr -d "\r"; redis-cli get shop' $'rdb_last_bgsave_status:ok\nopen'
	server_does "an image's own LD_PRELOAD stays, and comes first" jemalloc \
		'echo $LD_PRELOAD; grep -o "libjemalloc.so.2$" /proc/self/maps | sort -u' $'/usr/lib/x86_64-linux-gnu/libjemalloc.so.2\nlibjemalloc.so.2'
	same "servers: none was restarted" "$(server_restarts e2e-open-bare)" "$(server_restarts e2e-open-guarded)"
	for name in $servers; do
		server_stop "$name"
	done
}
