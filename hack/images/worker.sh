#!/bin/sh
# worker.sh - a small service that starts programs: serve, exit STATUS, signal NUMBER.
echo "uid $(id -u) gid $(id -g) cwd $(pwd) greeting $GREETING"
i=0
for argument; do
	i=$((i + 1))
	echo "argument $i is <$argument>"
done
/bin/uname -s
/bin/ls /no/such/file 2>/dev/null
echo "ls ended with $?"
/bin/cat /proc/self/comm
case ${1:-serve} in
serve)
	trap 'exit 0' TERM
	while :; do
		/bin/sleep 2 &
		wait $!
		/bin/echo again
	done
	;;
signal) kill -s "$2" $$ ;;
esac
exit "${2:-0}"
