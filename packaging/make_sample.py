"""Draws the bundled sample: photographs, as it were, of six kinds of things found on a beach.

    python packaging/make_sample.py            # rewrites resources/sample

Everything is computed, so the pictures carry nobody else's licence. Each thing is a height
field with a colour map; one lamp lights it and the ground below it. All kinds share one set of
colours and grounds: what tells them apart is their form, which is what a sorter should learn.

Every picture has a seed of its own and can be drawn alone; see ``draw_picture``.
"""

from __future__ import annotations

import argparse
import csv
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

SEED = 20
TARGETS_PER_CLASS = 32
EXAMPLES_PER_CLASS = 3
LONG_SIDE, SHORT_SIDE = 320, 240
SUPERSAMPLE = 2  # drawn twice as large and reduced: smooth edges without any special care
QUALITY = 78
DEFAULT_OUTPUT = Path(__file__).resolve().parent.parent / "resources" / "sample"

Field = np.ndarray
Rng = np.random.Generator


# --- colours ---------------------------------------------------------------------------------

# (main, pattern) pairs; every kind of thing draws from the same list.
COATS = (
    ((0.86, 0.76, 0.62), (0.62, 0.40, 0.26)),
    ((0.88, 0.56, 0.42), (0.95, 0.84, 0.72)),
    ((0.72, 0.42, 0.34), (0.90, 0.72, 0.58)),
    ((0.80, 0.62, 0.36), (0.52, 0.34, 0.22)),
    ((0.52, 0.38, 0.30), (0.80, 0.68, 0.54)),
    ((0.66, 0.52, 0.58), (0.90, 0.82, 0.82)),
    ((0.42, 0.44, 0.52), (0.72, 0.74, 0.78)),
    ((0.58, 0.56, 0.42), (0.84, 0.80, 0.66)),
    ((0.90, 0.86, 0.80), (0.74, 0.60, 0.52)),
    ((0.26, 0.27, 0.34), (0.56, 0.55, 0.60)),
)


@dataclass(frozen=True)
class Coat:
    """The two colours of one thing."""

    main: Field
    pattern: Field

    @classmethod
    def pick(cls, rng: Rng) -> Coat:
        main, pattern = (np.array(c) for c in COATS[rng.integers(len(COATS))])
        shift, depth = rng.uniform(0.95, 1.05, 3), rng.uniform(0.8, 1.12)
        return cls(main * shift * depth, pattern * shift * rng.uniform(0.85, 1.08))

    def paint(self, amount: Field) -> Field:
        """Colour map: 0 is the main colour, 1 the pattern's."""
        amount = np.clip(amount, 0, 1)[..., None]
        return self.main * (1 - amount) + self.pattern * amount


# --- numeric helpers -------------------------------------------------------------------------


def noise(shape: tuple[int, int], cell: float, rng: Rng, octaves: int = 3) -> Field:
    """Cloudy noise between about -1 and 1 whose largest blobs are ``cell`` pixels wide."""
    total = np.zeros(shape)
    for octave in range(octaves):
        step = max(1.0, cell / 2**octave)
        small = (int(shape[0] / step) + 3, int(shape[1] / step) + 3)
        grid = Image.fromarray(rng.uniform(-1, 1, small).astype(np.float32))
        left, top = rng.uniform(0, 1, 2)
        box = (left, top, left + shape[1] / step, top + shape[0] / step)
        grid = grid.resize((shape[1], shape[0]), Image.Resampling.BICUBIC, box=box)
        total += np.asarray(grid) / 1.7**octave
    return total / 1.3


def blur(field: Field, radius: float) -> Field:
    """Gaussian blur of one plane (values 0..1) or of a colour picture."""
    if field.ndim == 3:
        return np.dstack([blur(field[..., i], radius) for i in range(field.shape[2])])
    # Pillow blurs 8-bit planes only: enough for shadows and soft focus.
    plane = Image.fromarray((np.clip(field, 0, 1) * 255).astype(np.uint8))
    return np.asarray(plane.filter(ImageFilter.GaussianBlur(radius))) / 255


def dome(x: Field) -> Field:
    """Half-circle profile: 1 where x is 0, 0 where it is 1 or more."""
    return np.sqrt(np.clip(1 - x * x, 0, 1))


def step(x: Field, low: float, high: float) -> Field:
    """Smooth step from 0 at ``low`` to 1 at ``high``."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def turned(u: Field, v: Field, angle: float) -> tuple[Field, Field]:
    """Coordinates along and across a direction."""
    c, s = np.cos(angle), np.sin(angle)
    return u * c + v * s, v * c - u * s


# --- light -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Light:
    """One lamp: its direction (x, y, z towards it), its tint and the share of sky light."""

    direction: Field
    tint: Field
    sky: float

    @classmethod
    def pick(cls, rng: Rng) -> Light:
        azimuth = rng.uniform(-np.pi, 0)  # from above: light from below looks like a hollow
        height = np.radians(rng.uniform(32, 62))
        flat = np.cos(height)
        direction = np.array([np.cos(azimuth) * flat, np.sin(azimuth) * flat, np.sin(height)])
        warmth = rng.uniform(-0.09, 0.11)
        tint = np.array([1 + warmth, 1.0, 1 - warmth]) * rng.uniform(0.82, 1.1)
        return cls(direction, tint, rng.uniform(0.35, 0.55))


@dataclass(frozen=True)
class Surface:
    """Something to be lit.

    Attributes:
        edge: Distance inward from the outline, negative outside; in units of the thing.
        height: Height above the ground, in the same units.
        colour: Colour without light, 0..1.
        gloss: 0 is chalk, 1 is wet glaze.
    """

    edge: Field
    height: Field
    colour: Field
    gloss: float = 0.2


def lit(height: Field, colour: Field, gloss: float, light: Light) -> Field:
    """The surface as the lamp shows it. ``height`` is in pixels."""
    slope_y, slope_x = np.gradient(height)
    length = np.sqrt(slope_x**2 + slope_y**2 + 1)
    normal = np.stack([-slope_x, -slope_y, np.ones_like(height)], -1) / length[..., None]
    diffuse = np.clip(normal @ light.direction, 0, 1)
    half = light.direction + np.array([0, 0, 1.0])
    shine = np.clip(normal @ (half / np.linalg.norm(half)), 0, 1) ** (8 + 50 * gloss)
    open_sky = light.sky * (0.55 + 0.45 * normal[..., 2])
    brightness = open_sky + (1.15 - light.sky) * diffuse
    return (colour * brightness[..., None] + (0.55 * gloss * shine)[..., None]) * light.tint


# --- the six kinds: (u, v) in about -1..1, v grows downward ------------------------------------


def scallop(u: Field, v: Field, coat: Coat, rng: Rng) -> Surface:
    """A ribbed fan with two ears at the hinge."""
    ribs, spread = rng.integers(13, 20), rng.uniform(0.9, 1.02)
    across, up = u, 0.82 - v
    r, angle = np.hypot(across, up), np.arctan2(across, up)
    side = np.abs(angle) / spread
    comb = np.cos(angle * ribs * np.pi / spread)
    reach = 1.68 * np.clip(1 - side**4, 0, 1) ** 0.36 * (1 + 0.016 * comb)
    t = np.clip(r / np.maximum(reach, 1e-3), 0, 1.2)
    edge = np.minimum(reach - r, r * (spread - np.abs(angle)))
    height = 0.5 * np.sqrt(np.clip(1 - t**2.6, 0, 1)) * t**0.6 * dome(side * 0.96) ** 0.8
    height += 0.03 * comb * np.minimum(t * 1.3, 1)
    bands = np.sin(t * rng.uniform(9, 16) + 0.7 * noise(u.shape, 90, rng)) * rng.uniform(0.2, 0.6)
    colour = coat.paint(0.35 + bands * 0.6 - 0.18 * comb + 0.15 * noise(u.shape, 20, rng))
    ear = np.minimum(np.minimum(0.4 - np.abs(across), up + 0.02), 0.27 - up + 0.1 * np.abs(across))
    height = np.where(ear > 0, np.maximum(height, 0.07 + 0.015 * np.cos(up * 60)), height)
    return Surface(np.maximum(edge, ear), height, colour, rng.uniform(0.1, 0.35))


def sea_star(u: Field, v: Field, coat: Coat, rng: Rng) -> Surface:
    """Five tapering, slightly bent arms with grains along them."""
    plump, grain = rng.uniform(0.26, 0.36), rng.uniform(34, 48)
    bend = rng.uniform(-0.3, 0.3)
    total, height, dots = np.zeros_like(u), np.zeros_like(u), np.zeros_like(u)
    for arm in range(5):
        p, q = turned(u, v, arm * 2 * np.pi / 5 + rng.uniform(-0.1, 0.1))
        length = rng.uniform(0.86, 1.04)
        q = q - bend * np.clip(p, 0, None) ** 2
        t = np.clip(p / length, 0, 1)
        width = plump * (1 - t) ** 0.8 + 0.035
        beyond = np.clip(np.maximum(-p, p - length), 0, None)
        d = np.hypot(q, beyond)
        total += np.exp(np.clip(26 * (width - d), -60, 60))
        height = np.maximum(height, dome(d / width) * width * 0.8)
        inside = (p > 0) & (d < width)
        pattern = np.cos(p * grain) * np.cos(q * grain)
        spine = np.exp(-((q / 0.02) ** 2)) * (np.cos(p * grain * 1.3) > -0.2)
        dots = np.where(inside, np.maximum(dots, np.maximum(pattern, spine)), dots)
    edge = np.log(total) / 26
    rough = noise(u.shape, 9, rng, 2)
    height += 0.018 * np.clip(dots, 0, 1) + 0.008 * rough
    colour = coat.paint(0.15 + 0.6 * step(dots, 0.2, 0.9) + 0.2 * rough)
    return Surface(edge, height, colour, rng.uniform(0.05, 0.3))


def sand_dollar(u: Field, v: Field, coat: Coat, rng: Rng) -> Surface:
    """A flat disc with a flower of five petals pricked into it."""
    r, angle = np.hypot(u, v), np.arctan2(v, u)
    outline = 0.93 + 0.02 * np.cos(5 * angle) + 0.012 * np.cos(2 * angle + rng.uniform(0, 6))
    height = 0.2 * np.clip(1 - (r / outline) ** 2.4, 0, 1) ** 0.55
    petal, slit = np.zeros_like(u), np.full_like(u, -1.0)
    size, slits = rng.uniform(0.22, 0.3), rng.random() < 0.5
    for k in range(5):
        p, q = turned(u, v, k * 2 * np.pi / 5)
        ring = np.hypot((p - size - 0.08) / size, q / (size * rng.uniform(0.34, 0.42)))
        prick = 0.6 + 0.4 * np.cos(p * 110)
        petal = np.maximum(petal, np.exp(-(((ring - 0.85) / 0.16) ** 2)) * prick)
        if slits:
            p, q = turned(u, v, (k + 0.5) * 2 * np.pi / 5)
            slit = np.maximum(slit, 0.03 - np.hypot(q, np.clip(np.abs(p - 0.68) - 0.1, 0, None)))
    pores = noise(u.shape, 5, rng, 1)
    height += -0.022 * petal + 0.004 * pores - 0.04 * step(slit, -0.01, 0.015)
    spread = 0.25 + 0.4 * noise(u.shape, 70, rng)
    colour = coat.paint(spread * 0.4 + 0.75 * petal + 0.08 * pores)
    colour = colour * (1 - 0.6 * step(slit, -0.01, 0.01))[..., None]
    return Surface(outline - r, height, colour, rng.uniform(0.0, 0.15))


def mussel(u: Field, v: Field, coat: Coat, rng: Rng) -> Surface:
    """A lopsided drop, straighter along the hinge, with growth lines around its point."""
    u = (u * rng.choice([-1, 1]) + 0.1) * 1.12
    v = v * 1.12
    s = np.clip((v + 1) / 2, 0, 1)
    closing = np.sqrt(np.clip(1 - s**3.6, 0, 1))
    belly = rng.uniform(0.62, 0.78) * np.sin(np.pi / 2 * np.clip(s * 1.35, 0, 1)) ** 0.75 * closing
    hinge = rng.uniform(0.26, 0.4) * s**0.7 * closing
    across = np.where(u > 0, u / np.maximum(belly, 1e-3), -u / np.maximum(hinge, 1e-3))
    edge = np.where(u > 0, belly - u, hinge + u) * 0.75
    growth = np.hypot(u * 1.15, (v + 1.02) * 0.75)
    wobble = 0.6 * noise(u.shape, 90, rng)
    lines = np.sin(growth * rng.uniform(44, 60) + wobble) * step(growth, 0.15, 0.5)
    year = np.sin(growth * rng.uniform(9, 15) + 2 * wobble)
    height = 0.5 * dome(across) * np.minimum(belly, 0.6) + 0.002 * lines + 0.005 * year
    rim = step(across, 0.5, 1.0) * 0.5
    colour = coat.paint(rim * rng.random() + 0.07 * lines + 0.16 * year + 0.15 * wobble)
    colour = colour * (1 - 0.25 * np.exp(-((growth / 0.3) ** 2)))[..., None]
    return Surface(edge, height, colour, rng.uniform(0.5, 0.9))


def snail(u: Field, v: Field, coat: Coat, rng: Rng) -> Surface:
    """A coiled shell seen on its spiral."""
    growth = rng.uniform(1.8, 2.5)
    v = v * rng.choice([-1, 1])  # left- and right-handed
    r = np.maximum(np.hypot(u, v), 1e-3)
    turn = np.mod(np.arctan2(v, u), 2 * np.pi) / (2 * np.pi)
    outline = 0.98 * growth**-turn
    coil = np.log(outline / r) / np.log(growth)
    whorl, across = np.floor(coil), np.mod(coil, 1)
    along = (turn + whorl) * 2 * np.pi
    height = 0.6 * dome(2 * across - 1) * r * (1 - 1 / growth) + 0.34 * np.clip(1 - r, 0, 1)
    ribs = np.cos(along * rng.integers(14, 26))
    height += rng.choice([0.0, 0.012, 0.02]) * ribs * r
    flames = np.sin(along * rng.integers(5, 12) + 5 * across + noise(u.shape, 50, rng))
    bands = np.exp(-(((across - rng.uniform(0.35, 0.65)) / 0.12) ** 2))
    mix = rng.random()
    pattern = mix * step(flames, -0.2, 0.7) + (1 - mix) * bands
    seam = np.exp(-((np.minimum(across, 1 - across) / 0.06) ** 2)) * (coil > 0.1)
    colour = coat.paint(0.8 * pattern + 0.12 * noise(u.shape, 18, rng))
    colour = colour * (1 - 0.4 * seam)[..., None]
    return Surface(outline - r, height, colour, rng.uniform(0.2, 0.7))


def auger(u: Field, v: Field, coat: Coat, rng: Rng) -> Surface:
    """A tall pointed shell wound like a screw."""
    u, v = u / 1.12, v / 1.12  # slim, so drawn a little larger than the others
    s = (v + 1) / 2
    base = np.sqrt(np.clip(1 - np.clip(s - 0.82, 0, 1) / 0.2, 0, 1))
    width = rng.uniform(0.25, 0.36) * np.clip(s, 0, None) ** 0.9 * base
    across = u / np.maximum(width, 1e-3)
    wind = np.log(np.clip(s, 0, None) + 0.09) * rng.uniform(3.4, 4.6) + 0.16 * across
    part = np.mod(wind, 1)
    bulge = dome(2 * part - 1)
    width = width * (0.93 + 0.1 * bulge)
    height = width * dome(u / np.maximum(width, 1e-3)) * (0.78 + 0.2 * bulge)
    beads = np.cos(part * 2 * np.pi * 3)
    height += 0.008 * beads * rng.choice([0, 1])
    flames = np.sin(np.arcsin(np.clip(across, -1, 1)) * rng.integers(3, 7) + 8 * np.floor(wind))
    mix = rng.random()
    pattern = mix * step(flames, 0.0, 0.6) + (1 - mix) * np.exp(-(((part - 0.5) / 0.16) ** 2))
    colour = coat.paint(0.8 * pattern + 0.12 * noise(u.shape, 16, rng))
    colour = colour * (1 - 0.45 * np.exp(-((np.minimum(part, 1 - part) / 0.07) ** 2)))[..., None]
    return Surface(width - np.abs(u), height, colour, rng.uniform(0.15, 0.6))


Kind = Callable[[Field, Field, Coat, Rng], Surface]
CLASSES: dict[str, Kind] = {
    "Auger": auger,
    "Mussel": mussel,
    "Sand dollar": sand_dollar,
    "Scallop": scallop,
    "Sea star": sea_star,
    "Snail": snail,
}


# --- things that lie about ---------------------------------------------------------------------


def pebble(u: Field, v: Field, coat: Coat, rng: Rng) -> Surface:
    """A smooth stone, half over the find or beside it."""
    angle = np.arctan2(v, u)
    outline = 0.8 + 0.12 * np.cos(2 * angle + rng.uniform(0, 6))
    outline = outline + 0.05 * np.cos(3 * angle + rng.uniform(0, 6))
    r = np.hypot(u, v)
    grey = coat.main.mean() * 0.5 + 0.5 * coat.main
    speckle = 1 + 0.18 * noise(u.shape, 6, rng, 2) + 0.15 * noise(u.shape, 40, rng)
    return Surface(outline - r, 0.55 * dome(r / outline), grey * speckle[..., None] * 0.8, 0.25)


def seaweed(u: Field, v: Field, coat: Coat, rng: Rng) -> Surface:
    """A ribbon of weed across the picture."""
    sway = 0.2 * np.sin(v * rng.uniform(1.5, 3) + rng.uniform(0, 6))
    sway = sway + 0.06 * np.sin(v * rng.uniform(5, 8) + rng.uniform(0, 6))
    width = rng.uniform(0.05, 0.11) * (1 + 0.3 * np.sin(v * 9 + rng.uniform(0, 6)))
    d = u - sway
    green = np.array([0.27, 0.25, 0.12]) * rng.uniform(0.6, 1.5) * rng.uniform(0.88, 1.12, 3)
    vein = 1 + 0.25 * np.exp(-((d / 0.012) ** 2)) + 0.2 * noise(u.shape, 14, rng)
    return Surface(width - np.abs(d), 0.35 * width * dome(d / width), green * vein[..., None], 0.6)


# --- grounds: a height in pixels and a colour ---------------------------------------------------


def sand(shape: tuple[int, int], rng: Rng) -> tuple[Field, Field]:
    """Dry or wet sand, sometimes rippled."""
    grains, dunes = noise(shape, 3, rng, 1), noise(shape, 150, rng)
    y, x = np.mgrid[: shape[0], : shape[1]]
    along, _ = turned(x, y, rng.uniform(0, np.pi))
    ripple = rng.choice([0, 0, 5]) * np.sin(along / rng.uniform(14, 26) + 2 * dunes)
    base = np.array([0.82, 0.71, 0.56]) * rng.uniform(0.62, 1.12) * rng.uniform(0.96, 1.04, 3)
    specks = np.where(noise(shape, 4, rng, 1) > 0.62, rng.choice([0.72, 1.2]), 1)
    colour = base * (specks * (1 + 0.1 * grains + 0.1 * dunes))[..., None]
    return 0.5 * grains + 14 * dunes + ripple, colour


def shingle(shape: tuple[int, int], rng: Rng) -> tuple[Field, Field]:
    """A bed of small stones."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    warp = 9 * noise(shape, 40, rng, 2)
    count = int(rng.integers(60, 170))
    nearest, second = np.full(shape, 1e9), np.full(shape, 1e9)
    owner = np.zeros(shape, int)
    for i in range(count):
        px, py = rng.uniform(-20, shape[1] + 20), rng.uniform(-20, shape[0] + 20)
        d = np.hypot(x - px + warp, y - py - warp)
        owner = np.where(d < nearest, i, owner)
        second = np.minimum(second, np.maximum(d, nearest))
        nearest = np.minimum(nearest, d)
    gap = (second - nearest) / np.sqrt(shape[0] * shape[1] / count)
    tones = np.array([0.52, 0.49, 0.46]) * rng.uniform(0.6, 1.45, (count, 1))
    tones = tones * rng.uniform(0.95, 1.05, (count, 3))
    speckle = 1 + 0.12 * noise(shape, 5, rng, 2)
    colour = tones[owner] * (speckle * (0.4 + 0.6 * step(gap, 0.0, 0.3)))[..., None]
    return 13 * dome(1 - np.clip(gap / 0.7, 0, 1)), colour


def driftwood(shape: tuple[int, int], rng: Rng) -> tuple[Field, Field]:
    """Weathered boards."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float64)
    _, across = turned(x, y, rng.uniform(-0.3, 0.3) + rng.choice([0, np.pi / 2]))
    wavy = across + 14 * noise(shape, 220, rng, 2)
    fine = np.sin(wavy / 2.6) + np.sin(wavy / 5.3 + 2) + np.sin(wavy / 13 + 1)
    fine = fine / 3 + 0.3 * noise(shape, 12, rng, 2)
    board = np.abs(np.mod(across / rng.uniform(130, 210) + rng.random(), 1) - 0.5)
    seam = step(board, 0.0, 0.02)
    base = np.array([0.60, 0.52, 0.44]) * rng.uniform(0.55, 1.15) * rng.uniform(0.96, 1.04, 3)
    return 1.3 * fine + 8 * seam, base * ((1 + 0.16 * fine) * (0.25 + 0.75 * seam))[..., None]


def slate(shape: tuple[int, int], rng: Rng) -> tuple[Field, Field]:
    """Bare rock with cracks."""
    rough, big = noise(shape, 26, rng, 4), noise(shape, 200, rng, 3)
    cracks = 1 - np.exp(-((noise(shape, 240, rng, 3) / 0.012) ** 2))
    base = np.array([0.46, 0.46, 0.47]) * rng.uniform(0.6, 1.4) * rng.uniform(0.96, 1.04, 3)
    colour = base * ((1 + 0.14 * rough + 0.2 * big) * (0.75 + 0.25 * cracks))[..., None]
    return 3 * rough + 22 * big + 2 * cracks, colour


def linen(shape: tuple[int, int], rng: Rng) -> tuple[Field, Field]:
    """A cloth with folds."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    along, across = turned(x, y, rng.uniform(0, np.pi))
    folds = noise(shape, 190, rng, 2)
    weave = np.sin((along + 8 * folds) * 1.1) + np.sin((across + 8 * folds) * 1.1)
    base = np.array([0.72, 0.68, 0.62]) * rng.uniform(0.5, 1.15) * rng.uniform(0.95, 1.05, 3)
    return 0.35 * weave + 34 * folds, base * (1 + 0.05 * weave)[..., None]


GROUNDS = (sand, sand, shingle, driftwood, slate, linen)


# --- one picture -------------------------------------------------------------------------------


@dataclass
class Scene:
    """The picture while it is being made; x and y run over -1..1 along the short side."""

    light: Light
    picture: Field
    x: Field
    y: Field
    unit: float  # pixels per 1.0
    sandy: bool  # things can be half buried

    @classmethod
    def start(cls, width: int, height: int, rng: Rng) -> Scene:
        light = Light.pick(rng)
        ground = GROUNDS[rng.integers(len(GROUNDS))]
        ground_height, colour = ground((height, width), rng)
        y, x = np.mgrid[:height, :width].astype(np.float64)
        unit = min(width, height) / 2
        picture = lit(ground_height, colour, 0.08, light)
        x, y = (x - width / 2) / unit, (y - height / 2) / unit
        return cls(light, picture, x, y, unit, ground is sand)

    def put(
        self,
        kind: Kind,
        centre: tuple[float, float],
        size: float,
        coat: Coat,
        rng: Rng,
        dust: float = 0.0,
    ) -> None:
        """Lay one thing on the picture, with its shadow; sand buries the part ``dust``."""
        tilt = rng.uniform(0.72, 1.0)
        p, q = turned(self.x - centre[0], self.y - centre[1], rng.uniform(0, np.pi))
        u, v = turned(p / size, q / (size * tilt), rng.uniform(0, 2 * np.pi))
        thing = kind(u, v, coat, rng)
        pixels = size * self.unit
        cover = np.clip(thing.edge * pixels / 1.5 + 0.5, 0, 1)
        height = np.where(thing.edge > -0.02, thing.height, 0) * pixels
        shown = lit(height, thing.colour, thing.gloss, self.light)
        if dust > 0:
            cloud = noise(cover.shape, 190, rng, 2) + 0.07 * noise(cover.shape, 5, rng, 1)
            level = np.quantile(cloud[cover > 0.5], dust)  # so never more than this part of it
            cover = cover * step(cloud, level - 0.1, level + 0.1)
        self._shade(cover, pixels)
        self.picture = self.picture * (1 - cover[..., None]) + shown * cover[..., None]

    def _shade(self, cover: Field, pixels: float) -> None:
        reach = 0.16 * pixels / max(self.light.direction[2], 0.3)
        dx, dy = (-self.light.direction[:2] * reach).round().astype(int)
        cast = blur(np.roll(cover, (dy, dx), (0, 1)), 0.045 * pixels)
        contact = blur(cover, 0.09 * pixels)
        self.picture = self.picture * (1 - 0.55 * cast)[..., None] * (1 - 0.3 * contact)[..., None]


def hardship(rng: Rng, easy: bool) -> float:
    """How much goes wrong in a picture, 0..1: most are good, a few are poor."""
    return float(rng.beta(1.1, 4.2)) * (0.3 if easy else 1.0)


def draw_picture(name: str, number: int, example: bool = False) -> Image.Image:
    """Draw one picture of a class; the same arguments always give the same picture."""
    rng = np.random.default_rng([SEED, list(CLASSES).index(name), number, int(example)])
    size = (LONG_SIDE, SHORT_SIDE) if rng.random() < 0.75 else (SHORT_SIDE, LONG_SIDE)
    trouble = hardship(rng, example)
    scene = Scene.start(size[0] * SUPERSAMPLE, size[1] * SUPERSAMPLE, rng)
    for _ in range(rng.integers(0, 3)):
        scene.put(pebble, spot(rng, 1.0), rng.uniform(0.08, 0.2), Coat.pick(rng), rng)
    if rng.random() < 0.25:
        scene.put(seaweed, spot(rng, 0.9), 1.0, Coat.pick(rng), rng)
    centre = spot(rng, 0.12 + 0.4 * trouble)
    scale = rng.uniform(0.66, 0.9) - 0.3 * trouble * rng.random()
    dust = 0.6 * min(trouble, 0.6) if scene.sandy and rng.random() < 0.7 else 0.0
    scene.put(CLASSES[name], centre, scale, Coat.pick(rng), rng, dust)
    while rng.random() < 0.65 * trouble:
        near = (centre[0] + rng.normal(0, 0.3), centre[1] + rng.normal(0, 0.3))
        if rng.random() < 0.5:
            scene.put(seaweed, near, 1.0, Coat.pick(rng), rng)
        else:
            scene.put(pebble, near, rng.uniform(0.1, 0.3), Coat.pick(rng), rng)
    return developed(scene, size, trouble, rng)


def spot(rng: Rng, spread: float) -> tuple[float, float]:
    """A place in the picture, at most ``spread`` from its middle."""
    return float(rng.uniform(-spread, spread)), float(rng.uniform(-spread, spread))


def developed(scene: Scene, size: tuple[int, int], trouble: float, rng: Rng) -> Image.Image:
    """What a camera makes of the scene: focus, vignette, exposure, noise."""
    picture = np.clip(scene.picture, 0, 1)
    softness = rng.uniform(0.4, 1.0) + 4.5 * trouble**1.5 * rng.random()
    picture = blur(picture, softness)
    corner = (scene.x**2 + scene.y**2) / 3
    exposure = rng.uniform(1.5, 2.0) * np.exp(rng.normal(0, 0.25 * trouble))
    picture = picture * (exposure * (1 - rng.uniform(0.05, 0.25) * corner))[..., None]
    picture = 1.06 * (1 - np.exp(-picture))  # film, which never quite burns out
    picture = 0.6 * picture + 0.4 * step(picture, 0.0, 1.0)
    grey = picture.mean(-1, keepdims=True)
    picture = grey + rng.uniform(1.0, 1.3) * (picture - grey)
    picture = picture + rng.normal(0, 0.006 + 0.02 * trouble, picture.shape)
    full = Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8))
    return full.resize(size, Image.Resampling.LANCZOS)


# --- the folder --------------------------------------------------------------------------------


def shuffled_targets() -> list[tuple[str, int]]:
    """Class and number of every target, in the order of the neutral file names."""
    pictures = [(name, i) for name in CLASSES for i in range(TARGETS_PER_CLASS)]
    order = np.random.default_rng(SEED).permutation(len(pictures))
    return [pictures[i] for i in order]


def target_name(position: int) -> str:
    """File name of the target at a position of ``shuffled_targets``."""
    return f"photo_{position + 1:03}.jpg"


def write_sample(folder: Path) -> None:
    """Write targets, examples and answers, replacing what was there."""
    targets, examples = folder / "targets", folder / "examples"
    for old in (targets, examples):
        shutil.rmtree(old, ignore_errors=True)
    targets.mkdir(parents=True)
    with (folder / "answers.csv").open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["path", "label"])
        for position, (name, number) in enumerate(shuffled_targets()):
            save(draw_picture(name, number), targets / target_name(position))
            rows.writerow([target_name(position), name])
    for name in CLASSES:
        (examples / name).mkdir(parents=True)
        for number in range(EXAMPLES_PER_CLASS):
            picture = draw_picture(name, number, example=True)
            save(picture, examples / name / f"example_{number + 1}.jpg")


def save(picture: Image.Image, path: Path) -> None:
    """Write one JPEG."""
    picture.save(path, quality=QUALITY, optimize=True)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description="Draw the bundled sample pictures.")
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    folder = parser.parse_args().output
    write_sample(folder)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{folder}: {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
