#!/bin/sh
# The shape of the official redis image: as root it gives its data to the server's user and becomes it.
set -e
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
	echo "drop-entrypoint: becoming redis"
	chown redis:redis /data
	exec gosu redis "$0" "$@"
fi
exec "$@"
