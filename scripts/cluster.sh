#!/usr/bin/env bash
# cluster.sh BUS...: the tests of the requirements and the official suite at every revision,
# over two worker processes on PostgreSQL behind nginx, which wake each other over each BUS; with
# nchan, by the database, and streams are held by nginx
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/postgres.sh

export PYTHON=${PYTHON:-python3}
folder=$(mktemp -d)
chmod 755 "$folder" # the cluster runs as another user
trap 'postgres_stop "$folder/postgres"; rm -rf "$folder"' EXIT
url=$(postgres_start "$folder/postgres")

for bus in "$@"; do
    echo "== over the bus: $bus"
    # Both wait for servers more than they work, so side by side they take half the time.
    "$PYTHON" -m tests.fleet.run --bus "$bus" --open conformance \
        scripts/conformance_every_revision.sh "{endpoint}" >"$folder/conformance" 2>&1 &
    suite=$! status=0
    MCP_TEST_OVER=$bus MCP_TEST_DATABASE_URL=$url "$PYTHON" -m pytest -q tests/interaction || status=1
    wait "$suite" || status=1
    cat "$folder/conformance"
    [ "$status" = 0 ] || exit 1
done
