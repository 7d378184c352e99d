#!/usr/bin/env bash
# Installs the parts that are not Python packages: the PostgreSQL and Redis servers
# (Debian) and the conformance suite with its Node (npm, PyPI). Ends with the name of
# what is still missing.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/postgres.sh

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

if ! postgres_bin >/dev/null; then
    echo "installing PostgreSQL"
    as_root apt-get update -q
    # Without this, the package starts a cluster that nobody asked for.
    as_root apt-get install -yq --no-install-recommends postgresql-common
    as_root sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' \
        /etc/postgresql-common/createcluster.conf
    as_root apt-get install -yq --no-install-recommends postgresql
fi

if ! command -v redis-server >/dev/null; then
    echo "installing Redis"
    as_root apt-get update -q
    # Without this, the package starts a server that nobody asked for.
    as_root env RUNLEVEL=1 apt-get install -yq --no-install-recommends redis-server
fi

"${PYTHON:-python3}" scripts/conformance/install.py || {
    echo "missing: the conformance suite (npm package @modelcontextprotocol/conformance) or Node 22"
    exit 1
}
postgres_bin >/dev/null || { echo "missing: postgresql (initdb, pg_ctl)"; exit 1; }
command -v redis-server >/dev/null || { echo "missing: redis-server"; exit 1; }
echo "everything is there"
