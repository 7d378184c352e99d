#!/bin/sh
# conformance_every_revision.sh URL: the official suite at every revision it knows
here=$(dirname "$0")
status=0
for revision in 2025-03-26 2025-06-18 2025-11-25 2026-07-28; do
    echo "== $revision"
    "$here/run_conformance.sh" "$1" "$revision" || status=1
done
# Extensions belong to no revision, and are run by name. tasks-status-notifications checks nothing.
echo "== io.modelcontextprotocol/tasks"
"$here/run_conformance.sh" "$1" 2026-07-28 \
    tasks-capability-negotiation tasks-dispatch-and-envelope tasks-lifecycle \
    tasks-mrtr-composition tasks-mrtr-input tasks-request-headers tasks-request-state-removal \
    tasks-required-task-error tasks-status-notifications tasks-wire-fields || status=1
exit $status
