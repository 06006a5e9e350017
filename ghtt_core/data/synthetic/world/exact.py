# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Elementary functions with the same bits on every machine.

IEEE 754 fixes the result of ``+ - * /`` and the square root, but not that of sine or exponential: numpy takes them from
whatever the processor offers, and compilers fuse multiplications into additions on some processors and not on others.
Here every function is a polynomial in separate elementwise operations. For the same reason nothing in this package uses
matrix products, ``einsum``, FFTs, ``interp`` or the distributions of ``numpy.random``.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from ghtt_core.data.synthetic.hand_model import Array

# pi / 2 in two pieces: the first has 33 bits, so its product with a small whole number is exact.
_HALF_PI_HIGH: Final = 1.57079632673412561417e00
_HALF_PI_LOW: Final = 6.07710050650619224932e-11
_TWO_OVER_PI: Final = 0.6366197723675814
# Taylor's coefficients: on |x| <= pi/4 the first term left out is below 1e-17.
_SIN: Final = tuple((-1) ** k / math.factorial(2 * k + 1) for k in range(1, 9))
_COS: Final = tuple((-1) ** k / math.factorial(2 * k) for k in range(1, 10))
_EXP: Final = tuple(1.0 / math.factorial(k) for k in range(15))
_LN2: Final = 0.6931471805599453


def sincos(angle: Array) -> tuple[Array, Array]:
    """Sine and cosine of angles in radians, of any shape, below about 1e5 in size."""
    turns = np.rint(angle * _TWO_OVER_PI)
    rest = (angle - turns * _HALF_PI_HIGH) - turns * _HALF_PI_LOW
    square = rest * rest
    sine, cosine = _SIN[-1], _COS[-1]
    for coefficient in _SIN[-2::-1]:
        sine = sine * square + coefficient
    for coefficient in _COS[-2::-1]:
        cosine = cosine * square + coefficient
    sine = rest + rest * (square * sine)
    cosine = 1.0 + square * cosine
    quadrant = turns.astype(np.int64) & 3
    odd = (quadrant & 1).astype(bool)
    first, second = np.where(odd, cosine, sine), np.where(odd, sine, cosine)
    return np.where(quadrant >= 2, -first, first), np.where((quadrant == 1) | (quadrant == 2), -second, second)


def sincos_of(angle: float) -> tuple[float, float]:
    """Sine and cosine of one angle in radians: the bits of :func:`sincos`."""
    turns = float(round(angle * _TWO_OVER_PI))
    rest = (angle - turns * _HALF_PI_HIGH) - turns * _HALF_PI_LOW
    square = rest * rest
    sine, cosine = _SIN[-1], _COS[-1]
    for coefficient in _SIN[-2::-1]:
        sine = sine * square + coefficient
    for coefficient in _COS[-2::-1]:
        cosine = cosine * square + coefficient
    sine = rest + rest * (square * sine)
    cosine = 1.0 + square * cosine
    quadrant = int(turns) & 3
    if quadrant & 1:
        sine, cosine = cosine, sine
    return (-sine if quadrant >= 2 else sine), (-cosine if quadrant in (1, 2) else cosine)


def exp(value: Array) -> Array:
    """Exponential of numbers between about -700 and 700."""
    twos = np.rint(value / _LN2)
    rest = value - twos * _LN2
    result = np.full_like(rest, _EXP[-1])
    for coefficient in _EXP[-2::-1]:
        result = result * rest + coefficient
    scaled: Array = np.ldexp(result, twos.astype(np.int64))
    return scaled


def exp_of(value: float) -> float:
    """Exponential of one number."""
    twos = round(value / _LN2)
    rest = value - twos * _LN2
    result = _EXP[-1]
    for coefficient in _EXP[-2::-1]:
        result = result * rest + coefficient
    return math.ldexp(result, twos)


def direction_of(y: float, x: float) -> float:
    """Angle of the vector (x, y) in radians, like atan2; 0 for the null vector."""
    length = math.sqrt(x * x + y * y)
    if length == 0.0:
        return 0.0
    # The library's answer may differ in its last bits, so it is only a guess: coarsened, then corrected exactly.
    guess = round(math.atan2(y, x) * 4096.0) / 4096.0
    sine, cosine = sincos_of(guess)
    error = (y * cosine - x * sine) / length
    return guess + error * (1.0 + error * error / 6.0)


def elevation_of(sine: float) -> float:
    """Angle in radians between -pi/2 and pi/2 with the given sine."""
    sine = min(max(sine, -1.0), 1.0)
    return direction_of(sine, math.sqrt(1.0 - sine * sine))


def quantised(values: Array, steps: float = 1048576.0) -> Array:
    """The nearest multiple of 1 / steps."""
    result: Array = np.rint(values * steps) / steps
    return result
