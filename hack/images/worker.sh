#!/bin/sh
# worker.sh - a small service that starts programs: serve, exit STATUS.
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
if [ "${1:-serve}" = serve ]; then
	trap 'exit 0' TERM
	while :; do
		/bin/sleep 2 &
		wait $!
		/bin/echo again
	done
fi
exit "${2:-0}"
