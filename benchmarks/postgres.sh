#!/usr/bin/env bash
# A PostgreSQL cluster for the benchmark: `postgres.sh start FOLDER` prints its URL,
# `postgres.sh stop FOLDER` ends it. Durable as installed, unlike that of the tests.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/postgres.sh

start() {
    local folder=$1 bin port
    bin=$(postgres_bin) || { echo "missing: postgresql" >&2; return 1; }
    port=$(free_port)
    mkdir -p "$folder"
    [ "$(id -u)" != 0 ] || chown nobody:nogroup "$folder"
    as_postgres "$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 >/dev/null
    as_postgres "$bin/pg_ctl" -D "$folder/data" -w -t 60 -l "$folder/log" -o \
        "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=''" start >/dev/null
    echo "postgresql://postgres@127.0.0.1:$port/postgres"
}

case $1 in
    start) start "${2:?a folder}" ;;
    stop) postgres_stop "${2:?a folder}" ;;
esac
