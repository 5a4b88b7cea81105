#!/bin/sh
# The shape of the official php image's entrypoint: options are php-fpm's, anything else is a program.
set -e
if [ "${1#-}" != "$1" ]; then
	set -- php-fpm "$@"
fi
echo "php-entrypoint: $(/bin/ls /app)"
exec "$@"
