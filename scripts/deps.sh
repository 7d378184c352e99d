#!/usr/bin/env bash
# Installs the parts that are not Python packages: PostgreSQL, Redis, nginx with Nchan,
# Chromium with its driver, wrk and openssl (Debian), axe-core and the conformance suite with
# its Node (npm, PyPI). Ends with the name of what is still missing.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/postgres.sh

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Packages that start a server when they are installed are kept from doing so.
install_debian() {
    echo "installing $*"
    as_root apt-get update -q
    as_root env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
        apt-get install -yq --no-install-recommends "$@"
}

if ! postgres_bin >/dev/null; then
    install_debian postgresql-common
    as_root sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' \
        /etc/postgresql-common/createcluster.conf
    install_debian postgresql
fi
command -v redis-server >/dev/null || install_debian redis-server
command -v nginx >/dev/null && [ -e /usr/lib/nginx/modules/ngx_nchan_module.so ] ||
    install_debian nginx libnginx-mod-nchan
command -v chromium >/dev/null && command -v chromedriver >/dev/null ||
    install_debian chromium chromium-driver
command -v wrk >/dev/null || install_debian wrk
command -v openssl >/dev/null || install_debian openssl

"${PYTHON:-python3}" scripts/conformance/install.py || {
    echo "missing: the conformance suite (npm package @modelcontextprotocol/conformance) or Node 22"
    exit 1
}
"${PYTHON:-python3}" scripts/axe.py >/dev/null || {
    echo "missing: axe-core (npm package axe-core) or Node 22"
    exit 1
}
postgres_bin >/dev/null || { echo "missing: postgresql (initdb, pg_ctl)"; exit 1; }
for program in redis-server nginx chromium chromedriver wrk openssl; do
    command -v "$program" >/dev/null || { echo "missing: $program"; exit 1; }
done
echo "everything is there"
