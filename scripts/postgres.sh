# A throw-away PostgreSQL cluster for tests; to be sourced by bash.

# The folder of initdb and pg_ctl, which Debian keeps off the path.
postgres_bin() {
    local folder
    for folder in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV) \
        $(dirname "$(command -v initdb 2>/dev/null || echo /nowhere/initdb)"); do
        if [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ]; then
            echo "$folder"
            return
        fi
    done
    return 1
}

# PostgreSQL refuses to run as root.
as_postgres() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"
    else
        "$@"
    fi
}

# A port that no outgoing connection is given, so that a cluster finds it free again.
free_port() {
    python3 - <<'END'
import random
import socket

for port in random.sample(range(15000, 32000), 100):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            continue
    print(port)
    break
END
}

# Makes a cluster in a folder, starts it and prints its URL. Durability is off, for it is
# thrown away, unless a second argument says "durable".
postgres_start() {
    local folder=$1 kind=${2:-} bin port
    bin=$(postgres_bin) || { echo "missing: postgresql (initdb, pg_ctl)" >&2; return 1; }
    port=$(free_port)
    mkdir -p "$folder"
    [ "$(id -u)" != 0 ] || chown nobody:nogroup "$folder"
    as_postgres "$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --no-sync >/dev/null
    {
        printf "port = %s\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\n" "$port"
        printf "max_connections = 200\n"
        [ "$kind" = durable ] || printf "fsync = off\nsynchronous_commit = off\n"
    } >>"$folder/data/postgresql.conf"
    postgres_resume "$folder"
    echo "postgresql://postgres@127.0.0.1:$port/postgres"
}

# Starts a cluster that was stopped, at the same address.
postgres_resume() {
    local folder=$1
    as_postgres "$(postgres_bin)/pg_ctl" -D "$folder/data" -w -t 60 -l "$folder/log" start \
        >/dev/null || { cat "$folder/log" >&2; return 1; }
}

postgres_stop() {
    as_postgres "$(postgres_bin)/pg_ctl" -D "$1/data" -m immediate stop >/dev/null || true
}
