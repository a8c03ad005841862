#!/bin/sh
# Make or renew a virtual environment of this checkout: sh tools/environment.sh [DIR [dev|spark]]
#
# With `dev` it also holds what tests and linters need; with `spark` what the tests of Spark need, PySpark too, which is
# large and so has an environment and constraints of its own. Nothing is done when pyproject.toml, constraints.txt and the
# place of the checkout are those it was made from; packages are brought up to date when a file changed; an environment
# that is half made, does not start, or was moved is made anew. PYTHON=... names the Python to use; without it the first
# of python3, python3.13, python3.12, python3.11 is taken that is new enough and can make environments.
# `sh tools/environment.sh --python` prints which one that is. Needs nothing but a POSIX shell and Python.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

version_of() { # "3.12", or nothing if it does not start
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null </dev/null || true
}

find_python() {
    too_old= without_venv=
    if [ -n "${PYTHON:-}" ]; then set -- "$PYTHON"; else set -- python3 python3.13 python3.12 python3.11; fi
    for candidate in "$@"; do
        version=$(version_of "$candidate")
        if [ -z "$version" ]; then
            continue
        elif ! "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
            too_old="$too_old $candidate is $version."
        elif ! "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
            without_venv="$without_venv $candidate"
        else
            # not the one of a virtual environment, which may be the one that is about to be removed
            "$candidate" -c 'import sys; print(getattr(sys, "_base_executable", None) or sys.executable)'
            return
        fi
    done
    [ -z "$without_venv" ] || fail "Python is there ($(echo $without_venv)) but cannot make virtual environments: ensurepip is missing.
On Debian and Ubuntu: apt install python3-venv"
    [ -z "$too_old" ] || fail "clvmodels needs Python 3.11 or newer:$too_old
Install a newer one, or name it: make demo PYTHON=/path/to/python3"
    fail "No Python found (tried: $*). clvmodels needs Python 3.11 or newer; name it: make demo PYTHON=/path/to/python3"
}

if [ "${1:-}" = --python ]; then
    find_python
    exit
fi

venv=${1:-.venv}
extra=${2:-}
case $venv in .venv*) ;; *) fail "expected a folder named .venv or .venv-something, found $venv" ;; esac
case $extra in '' | dev | spark) ;; *) fail "expected dev, spark or nothing, found $extra" ;; esac
core_stamp=$venv/.made-core
stamp=$venv/.made-${extra:-core}
constraints=constraints.txt
[ "$extra" != spark ] || constraints=constraints-spark.txt

place=$(pwd)
made_from=$(cat pyproject.toml setup.py "$constraints" | cksum)

reason=
if [ ! -e "$venv" ] && [ ! -L "$venv" ]; then
    reason="new"
elif [ ! -f "$core_stamp" ]; then
    reason="the old one was not finished"
elif ! "$venv/bin/python" -c 'import pip' >/dev/null 2>&1 </dev/null; then
    reason="the old one does not start"
elif [ "$(sed -n 1p "$core_stamp")" != "$place" ]; then
    reason="the old one belongs to another folder"
elif [ -n "${PYTHON:-}" ] && [ "$(version_of "$PYTHON")" != "$(version_of "$venv/bin/python")" ]; then
    reason="the old one has Python $(version_of "$venv/bin/python")"
elif [ -f "$stamp" ] && [ "$(sed -n 2p "$stamp")" = "$made_from" ]; then
    exit 0
fi

if [ -n "$reason" ]; then
    python=$(find_python) || exit 1
    say "Making $venv with Python $(version_of "$python") ($reason); this takes about a minute ..."
    rm -rf "$venv"
    if ! output=$("$python" -m venv "$venv" 2>&1 </dev/null); then
        rm -rf "$venv"
        fail "$output
$python -m venv failed. On Debian and Ubuntu: apt install python3-venv"
    fi
else
    say "Bringing $venv up to date ..."
fi

# Without its stamps an environment counts as half made: a run that is interrupted from here on starts again.
rm -f "$venv"/.made-*
case $extra in
    '') set -- --editable . ;;
    spark) set -- --editable '.[spark]' pyspark pytest ;;
    *) set -- --editable ".[$extra]" ;;
esac
log=$venv/pip.log
if ! PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 \
    "$venv/bin/python" -m pip install --constraint "$constraints" "$@" >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    fail "pip could not install clvmodels into $venv (all it said: $log)."
fi
printf '%s\n' "$place" "$made_from" >"$stamp"
printf '%s\n' "$place" "$made_from" >"$core_stamp"
