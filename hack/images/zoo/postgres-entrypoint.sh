#!/bin/sh
# The shape of the official PostgreSQL image: becomes the server's user, makes a database, then serves it.
set -e
if [ "$1" = postgres ]; then
	if [ "$(id -u)" = 0 ]; then
		echo "postgres-entrypoint: becoming postgres"
		mkdir -p "$PGDATA"
		chown postgres:postgres "$PGDATA"
		exec gosu postgres "$0" "$@"
	fi
	if [ ! -s "$PGDATA/PG_VERSION" ]; then
		initdb --username=postgres --auth=trust --no-sync >/dev/null
		echo "postgres-entrypoint: the database is made"
	fi
fi
exec "$@"
