#!/bin/sh
# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
#
# Make .venv here and install what `make run` (argument: run) or `make test` (argument: test) needs.
# Does nothing when that is already done for this folder, these requirements and this Python.
set -eu
group="$1"
cd "$(dirname "$0")/.."
venv=.venv
python="$venv/bin/python"

find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "ghtt_ros needs Python 3.11 or newer and found none; install it, or say which: make run PYTHON=/path/to/python3" >&2
    exit 2
}

base=$(find_python)
# The scripts inside a virtual environment know its folder by its full name, so a moved clone makes a new one.
place="$(pwd -P) $("$base" -c 'import sys; print(sys.version_info[:2])')"
wanted="$(cat pyproject.toml setup.py scripts/make_venv.sh requirements/* | cksum) ${TORCH_INDEX:-}"

recorded=$(cat "$venv/ghtt-place" 2>/dev/null || echo "$place")
if [ "$recorded" != "$place" ] || ! "$python" -c '' 2>/dev/null; then
    if ! "$base" -c 'import venv, ensurepip' 2>/dev/null; then
        echo "This Python cannot make virtual environments; on Debian and Ubuntu: sudo apt install python3-venv" >&2
        exit 2
    fi
    echo "Making $venv with $("$base" --version)"
    "$base" -m venv --clear "$venv"
fi
# One that somebody made by hand is taken over as it is.
echo "$place" >"$venv/ghtt-place"
# The demo does without them, so what is missing is said and does not stop anything.
check_system_libraries() {
    "$python" -c 'import ctypes; ctypes.CDLL("libEGL.so.1"); ctypes.CDLL("libGLESv2.so.2")' 2>/dev/null ||
        echo "Videos and cameras need two system libraries for MediaPipe: sudo apt install libegl1 libgles2"
}
if [ "$(cat "$venv/ghtt-$group" 2>/dev/null)" = "$wanted" ]; then
    check_system_libraries
    exit 0
fi

pip() {
    PIP_DISABLE_PIP_VERSION_CHECK=1 "$python" -m pip "$@"
}
# torch goes first and alone, and the constraints keep every later step from replacing it.
torch=$(grep '^torch==' requirements/constraints.txt)
echo "Installing $torch"
if [ -n "${TORCH_INDEX:-}" ]; then
    pip install --quiet "$torch" --index-url "$TORCH_INDEX"
else
    pip install --quiet "$torch"
fi
extras=train
if [ "$group" = test ]; then
    extras=train,dev
fi
echo "Installing ghtt_ros[$extras]"
pip install --quiet --constraint requirements/constraints.txt --editable ".[$extras]"
# mediapipe asks for a second OpenCV that would clash with the headless one, so its own needs are listed by hand.
echo "Installing the hand estimator (mediapipe)"
pip install --quiet --constraint requirements/constraints.txt --no-deps --requirement requirements/mediapipe.txt
echo "$wanted" >"$venv/ghtt-$group"
check_system_libraries
