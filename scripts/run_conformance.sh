#!/bin/sh
# run_conformance.sh URL REVISION [SCENARIO...]: see conformance/run.py
exec "${PYTHON:-python3}" "$(dirname "$0")/conformance/run.py" "$@"
