#!/bin/sh
# Starts the control plane where it is hosted. With INTERLOCK_RELEASE=1 it releases first, for plans that run nothing
# before a deploy; after a STOP, or when it could not be found out, nothing is served and the old instance goes on.
set -eu

if [ "${INTERLOCK_RELEASE:-0}" = 1 ]; then
    code=0
    interlock release --schema-only --report "${INTERLOCK_REPORT:-/tmp/interlock-report}" || code=$?
    case $code in
    0) ;;
    3) echo "interlock: CAUTION: nothing is known to be wrong, so this serves; read the findings above" >&2 ;;
    *)
        echo "interlock: the release ended with $code: refusing to serve" >&2
        exit "$code"
        ;;
    esac
    if [ -n "${INTERLOCK_ADMIN_EMAIL:-}" ] && [ -n "${INTERLOCK_ADMIN_PASSWORD:-}" ]; then
        printf '%s\n' "$INTERLOCK_ADMIN_PASSWORD" | interlock admin create "$INTERLOCK_ADMIN_EMAIL" --if-none --password-stdin
    fi
fi
# What follows has no use for it.
unset INTERLOCK_ADMIN_PASSWORD
exec interlock serve "$@"
