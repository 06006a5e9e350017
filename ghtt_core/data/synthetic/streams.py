# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Untrimmed streams: actions chained one after another, with transitions and idle time between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ghtt_core.data.sequence import ActionSegment
from ghtt_core.data.synthetic.body import HandMotion, Subject
from ghtt_core.data.synthetic.grasps import POSTURES, random_posture
from ghtt_core.data.synthetic.programs import PROGRAMS, REST, prepare, relax
from ghtt_core.data.synthetic.script import HandScript, Scene
from ghtt_core.data.synthetic.vocabulary import ACTIONS, OBJECTS
from ghtt_core.hands.layout import FRAME_RATE


@dataclass(frozen=True, eq=False)
class ActionStream:
    """A performed stream before the subject's tremor and the camera.

    Attributes:
        left: Motion of the left hand.
        right: Motion of the right hand.
        segments: Labelled actions.
    """

    left: HandMotion
    right: HandMotion
    segments: tuple[ActionSegment, ...]


def act_stream(rng: np.random.Generator, subject: Subject, frames: int) -> ActionStream:
    """Perform actions until the stream is full.

    Args:
        rng: Source of every variation.
        subject: Who performs.
        frames: T at 30 frames/s; an action cut off by the end stays unlabelled, for it would be half a one.

    Returns:
        The stream, T frames long.
    """
    lead, aid = _resting_hand(rng), _resting_hand(rng)
    scene = Scene(rng, subject, lead, aid, OBJECTS["table"], np.zeros(3), now=rng.uniform(0.0, 0.8))
    seconds = frames / FRAME_RATE
    segments: list[ActionSegment] = []
    while scene.now < seconds - 0.5:
        verb, noun = ACTIONS[rng.integers(len(ACTIONS))]
        _set_stage(scene, noun)
        prepare(scene, verb)
        begin = scene.now
        PROGRAMS[verb](scene)
        start, end = round(begin * FRAME_RATE), round(scene.now * FRAME_RATE)
        if end <= frames:
            segments.append(ActionSegment(start, end, f"{verb} {noun}", verb, noun))
        _between(scene)
    times = np.arange(frames) / FRAME_RATE
    motions = [lead.render(times), aid.render(times)]
    left, right = motions if subject.left_handed else motions[::-1]
    return ActionStream(left, right, tuple(segments))


def _resting_hand(rng: np.random.Generator) -> HandScript:
    position = np.array(REST) + rng.normal(0.0, 0.03, 3)
    angles = np.deg2rad(rng.normal((10.0, 5.0, 0.0), 10.0))
    posture = POSTURES["relaxed"] + rng.normal(0.0, 0.08, len(POSTURES["relaxed"]))
    return HandScript(position, angles, posture, rng)


def _set_stage(scene: Scene, noun: str) -> None:
    """Put the next thing somewhere on the leading hand's side, and choose how it will be handled."""
    rng = scene.rng
    scene.thing = OBJECTS[noun]
    scene.site = np.array([rng.uniform(0.03, 0.20), rng.uniform(0.20, 0.36), scene.thing.height])
    scene.tempo = scene.subject.tempo * float(np.exp(rng.normal(0.0, 0.1)))
    scene.size = scene.subject.size * float(np.exp(rng.normal(0.0, 0.1)))


def _between(scene: Scene) -> None:
    """What people do between actions: nothing, rest, fidget."""
    rng = scene.rng
    habit = rng.random()
    if habit < 0.35:
        scene.now = relax(scene) + rng.exponential(0.6)
    elif habit < 0.5:
        hand = (scene.lead, scene.aid)[int(rng.integers(2))]
        spot = hand.position + rng.normal(0.0, 0.06, 3)
        angles = hand.angles + rng.normal(0.0, 0.25, 3)
        scene.now = hand.move(scene.now, rng.uniform(0.4, 1.2), spot, angles, random_posture(rng, 1)[0])
    else:
        scene.now += rng.exponential(0.25)
