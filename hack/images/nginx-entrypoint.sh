#!/bin/sh
# The shape of nginx's own image: a script that prepares, then becomes what it was given.
set -e
if [ "$1" = nginx ]; then
	echo "nginx-entrypoint: configuration is $(/bin/ls /etc/nginx/nginx.conf)"
fi
exec "$@"
