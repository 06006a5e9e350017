# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What an episode is about: the thing, what belongs to it, and the hand that holds it."""

from __future__ import annotations

from dataclasses import dataclass

from ghtt_core.data.synthetic.world.acting import Act
from ghtt_core.data.synthetic.world.channel import Channel
from ghtt_core.data.synthetic.world.grips import scaled
from ghtt_core.data.synthetic.world.pose import Vector
from ghtt_core.data.synthetic.world.scripts import UPRIGHT, HandScript, ThingScript
from ghtt_core.data.synthetic.world.things import KINDS, GripName, ThingKind


@dataclass(eq=False)
class Cast:
    """Everything that one noun's actions need.

    Attributes:
        noun: The object.
        main: The thing itself.
        holder: The hand that grabs it.
        lid: What closes it, if anything does.
        item: What it contains, if that is taken out.
        cup: What is poured into.
        site: Where it stands on the table, world, metres.
        closed: Whether the lid is on.
        inside: Whether the item is in.
        held_spot: Where the holder holds it up, own side's frame, metres (foot of the thing).
    """

    noun: str
    main: ThingScript
    holder: HandScript
    lid: ThingScript | None = None
    item: ThingScript | None = None
    cup: ThingScript | None = None
    site: tuple[float, float] = (0.0, 0.3)
    closed: bool = True
    inside: bool = True
    held_spot: Vector = (0.07, 0.23, 0.12)

    @property
    def is_held(self) -> bool:
        """Whether the holder has it in hand."""
        return self.holder.held is not None and self.holder.held.thing is self.main

    @property
    def grip(self) -> GripName:
        """How it is taken."""
        return "edge" if self.noun == "book" else "wrap"

    @property
    def grip_height(self) -> float:
        """Metres from its foot to where it is held."""
        return self.main.kind.grips[self.grip].point[2]


def enter(act: Act, noun: str) -> Cast:
    """Bring a noun's things into being, out of sight."""
    dice = act.dice
    factor = min(max(dice.factor(0.08), 0.86), 1.16)
    # Which hand fetches and holds is a habit, and not a strict one; a book's cover opens one way.
    holder = act.lead if noun == "book" or dice.chance(act.performer.leads_more) else act.aid
    main = _thing(act, scaled(KINDS[noun], factor))
    cast = Cast(noun, main, holder)
    kind = main.kind
    if kind.lid is not None:
        lid_kind = scaled(KINDS[kind.lid], factor)
        at = (-kind.radius, 0.0, kind.height) if noun == "book" else (0.0, 0.0, kind.height)
        cast.lid = _part_of(act, main, lid_kind, at)
        cast.lid.show(act.now)
    if kind.item is not None:
        item_kind = scaled(KINDS[kind.item], factor)
        cast.item = _part_of(act, main, item_kind, (0.0, 0.0, kind.height - 0.82 * item_kind.height - 0.008))
    return cast


def stand(act: Act, name: str, x: float, y: float, spread: float = 0.04) -> ThingScript:
    """Something that simply stands on the table from the beginning."""
    factor = min(max(act.dice.factor(0.08), 0.86), 1.16)
    thing = _thing(act, scaled(KINDS[name], factor))
    at = act.free_site(x, y, thing.kind.radius, spread)
    thing.channel.jump(-1.0e3, [at[0], at[1], 0.0, 0.0, 0.0, 0.0, act.dice.normal(0.0, 0.4)])
    thing.show(-1.0e3)
    act.occupy(*at, thing.kind.radius)
    return thing


def _thing(act: Act, kind: ThingKind) -> ThingScript:
    thing = ThingScript(kind, Channel([0.0, 0.0, 0.0, *UPRIGHT]))
    act.things.append(thing)
    return thing


def _part_of(act: Act, main: ThingScript, kind: ThingKind, at: Vector) -> ThingScript:
    part = _thing(act, kind)
    part.channel.jump(-1.0e3, [*at, *UPRIGHT])
    part.parents.append((-1.0e3, main))
    return part
