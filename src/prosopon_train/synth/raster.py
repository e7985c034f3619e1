"""Compiled loops: vertex normals, vertex light, z-buffer and pixel shading."""

from __future__ import annotations

import numba
import numpy as np

from prosopon.types import AnyArray

SKIN, SCALP, EYE, SOCKET, HAIR, MOUTH = range(6)
"""What a triangle is made of; it selects the shading in :func:`shade`."""

STRANDS = 512
"""Length of the one-dimensional hair texture."""


@numba.njit(fastmath=True, cache=True)
def depth_map(points: AnyArray, triangles: AnyArray, size: int) -> AnyArray:
    """Largest depth per pixel, (size, size), of points (n, 3) given as pixel x, y and depth."""
    depth = np.full((size, size), np.float32(-1e9))
    for t in range(len(triangles)):
        a = points[triangles[t, 0]]
        b = points[triangles[t, 1]]
        c = points[triangles[t, 2]]
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        if abs(area) < 1e-9:
            continue
        x0 = int(max(0, min(a[0], b[0], c[0])))
        x1 = int(min(size - 1, max(a[0], b[0], c[0]) + 1))
        y0 = int(max(0, min(a[1], b[1], c[1])))
        y1 = int(min(size - 1, max(a[1], b[1], c[1]) + 1))
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                w0 = ((b[0] - x) * (c[1] - y) - (b[1] - y) * (c[0] - x)) / area
                w1 = ((c[0] - x) * (a[1] - y) - (c[1] - y) * (a[0] - x)) / area
                w2 = 1 - w0 - w1
                if w0 >= -1e-4 and w1 >= -1e-4 and w2 >= -1e-4:
                    depth[y, x] = max(depth[y, x], w0 * a[2] + w1 * b[2] + w2 * c[2])
    return depth


@numba.njit(fastmath=True, cache=True)
def vertex_normals(points: AnyArray, triangles: AnyArray) -> AnyArray:
    """Area-weighted unit normals (n, 3) of points (n, 3)."""
    out = np.zeros_like(points)
    for t in range(len(triangles)):
        i, j, k = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax = points[j, 0] - points[i, 0]
        ay = points[j, 1] - points[i, 1]
        az = points[j, 2] - points[i, 2]
        bx = points[k, 0] - points[i, 0]
        by = points[k, 1] - points[i, 1]
        bz = points[k, 2] - points[i, 2]
        nx = ay * bz - az * by
        ny = az * bx - ax * bz
        nz = ax * by - ay * bx
        for q in (i, j, k):
            out[q, 0] += nx
            out[q, 1] += ny
            out[q, 2] += nz
    for q in range(len(points)):
        length = (out[q, 0] ** 2 + out[q, 1] ** 2 + out[q, 2] ** 2) ** 0.5 + 1e-9
        out[q, 0] /= length
        out[q, 1] /= length
        out[q, 2] /= length
    return out


@numba.njit(fastmath=True, cache=True)
def vertex_light(
    normals: AnyArray,
    visibility: AnyArray,
    directions: AnyArray,
    radiance: AnyArray,
    floor: float,
    half_vector: AnyArray,
    shininess: float,
    main: int,
) -> AnyArray:
    """Diffuse and specular light (n, 2) under ``radiance`` (d,) from ``directions`` (d, 3).

    The cosine is wrapped by 0.12, a cheap stand-in for light that scatters under the skin.
    """
    wrap = np.float32(0.12)
    zero = np.float32(0)
    out = np.empty((len(normals), 2), np.float32)
    for i in range(len(normals)):
        x, y, z = normals[i, 0], normals[i, 1], normals[i, 2]
        total = zero
        for k in range(len(directions)):
            cosine = x * directions[k, 0] + y * directions[k, 1] + z * directions[k, 2] + wrap
            total += max(cosine, zero) * visibility[i, k] * radiance[k]
        out[i, 0] = total / (np.float32(1) + wrap) + np.float32(floor)
        shine = x * half_vector[0] + y * half_vector[1] + z * half_vector[2]
        out[i, 1] = max(shine, zero) ** np.float32(shininess) * visibility[i, main]
    return out


@numba.njit(fastmath=True, cache=True)
def rasterise(
    points: AnyArray,
    triangles: AnyArray,
    materials: AnyArray,
    hair_coordinate: AnyArray,
    hair_margin: AnyArray,
    strands: AnyArray,
    fray: float,
    size: int,
    mouth_shut: bool,
) -> tuple[AnyArray, AnyArray, AnyArray]:
    """z-buffer (size, size), triangle index (−1 = none) and barycentric weights (size, size, 2).

    points (n, 3): pixel x, y and distance. Hair is cut where its interpolated margin, frayed by
    the strand texture, is negative; the mouth's inside is skipped when the lips are shut, because
    lips that interpenetrate would let teeth through.
    """
    depth = np.full((size, size), np.float32(1e9))
    index = np.full((size, size), -1, np.int32)
    weights = np.zeros((size, size, 2), np.float32)
    for t in range(len(triangles)):
        material = materials[t]
        if material == MOUTH and mouth_shut:
            continue
        i, j, k = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay = points[i, 0], points[i, 1]
        bx, by = points[j, 0], points[j, 1]
        cx, cy = points[k, 0], points[k, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if material == HAIR:
            if abs(area) < 1e-6:
                continue
        elif area >= -1e-6:
            continue
        x0 = int(np.ceil(max(np.float32(0), min(ax, bx, cx))))
        x1 = int(min(np.float32(size - 1), max(ax, bx, cx)))
        y0 = int(np.ceil(max(np.float32(0), min(ay, by, cy))))
        y1 = int(min(np.float32(size - 1), max(ay, by, cy)))
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                w0 = ((bx - x) * (cy - y) - (by - y) * (cx - x)) / area
                if w0 < 0:
                    continue
                w1 = ((cx - x) * (ay - y) - (cy - y) * (ax - x)) / area
                if w1 < 0:
                    continue
                w2 = 1 - w0 - w1
                if w2 < 0:
                    continue
                z = w0 * points[i, 2] + w1 * points[j, 2] + w2 * points[k, 2]
                if z >= depth[y, x]:
                    continue
                if material == HAIR:
                    margin = w0 * hair_margin[i] + w1 * hair_margin[j] + w2 * hair_margin[k]
                    u = w0 * hair_coordinate[i] + w1 * hair_coordinate[j] + w2 * hair_coordinate[k]
                    if margin + fray * (strands[int(u) % STRANDS] - 0.5) < 0:
                        continue
                depth[y, x] = z
                index[y, x] = t
                weights[y, x, 0] = w0
                weights[y, x, 1] = w1
    return depth, index, weights


@numba.njit(fastmath=True, cache=True)
def shade(
    index: AnyArray,
    weights: AnyArray,
    triangles: AnyArray,
    materials: AnyArray,
    light: AnyArray,
    attributes: AnyArray,
    albedo: AnyArray,
    strands: AnyArray,
    scalp: float,
    hair: float,
    eye: AnyArray,
) -> AnyArray:
    """Linear luminance (size, size), −1 where nothing was hit.

    light (n, 2) diffuse and specular. attributes (n, 3) mean, by material: skin (u, v, –), scalp
    (albedo factor, –, –), eye (unit position in the frame of the iris), socket and mouth (albedo,
    gloss, –), hair (strand coordinate, margin, –). eye = sclera albedo, iris radius, pupil radius,
    iris albedo, darkness of the limbus, phase of the iris pattern (radii on the unit sphere).
    """
    size = len(index)
    image = np.full((size, size), np.float32(-1))
    last = albedo.shape[0] - 1
    sclera, iris_radius, pupil_radius, iris, limbus, phase = eye
    for y in range(size):
        for x in range(size):
            t = index[y, x]
            if t < 0:
                continue
            i, j, k = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            w0, w1 = weights[y, x, 0], weights[y, x, 1]
            w2 = 1 - w0 - w1
            diffuse = w0 * light[i, 0] + w1 * light[j, 0] + w2 * light[k, 0]
            gloss = w0 * light[i, 1] + w1 * light[j, 1] + w2 * light[k, 1]
            a = w0 * attributes[i, 0] + w1 * attributes[j, 0] + w2 * attributes[k, 0]
            b = w0 * attributes[i, 1] + w1 * attributes[j, 1] + w2 * attributes[k, 1]
            material = materials[t]
            if material == SKIN:
                u, v = a * last, (1 - b) * last
                iu = min(max(int(u), 0), last - 1)
                iv = min(max(int(v), 0), last - 1)
                fu, fv = u - iu, v - iv
                top = albedo[iv, iu] * (1 - fu) + albedo[iv, iu + 1] * fu
                bottom = albedo[iv + 1, iu] * (1 - fu) + albedo[iv + 1, iu + 1] * fu
                value = top * (1 - fv) + bottom * fv
                # Hair, lips and creases shine less than skin.
                image[y, x] = value * diffuse + gloss * min(1.0, value / scalp)
            elif material == SCALP:
                image[y, x] = scalp * a * diffuse + gloss
            elif material == EYE:
                c = w0 * attributes[i, 2] + w1 * attributes[j, 2] + w2 * attributes[k, 2]
                value = sclera
                radius = (a * a + b * b) ** 0.5
                if c > 0 and radius < iris_radius * 1.1:
                    if radius < pupil_radius:
                        value = iris * 0.15
                    elif radius < iris_radius:
                        q = radius / iris_radius
                        angle = np.arctan2(a, b)
                        pattern = np.sin(angle * 7 + phase) * np.sin(angle * 13)
                        value = iris * (1 + 0.25 * pattern) * (1.15 - 0.25 * q)
                        if q > 0.82:
                            value *= 1 - limbus * (q - 0.82) / 0.18
                    else:
                        value *= 0.65 + 0.35 * (radius - iris_radius) / (0.1 * iris_radius)
                image[y, x] = value * diffuse
            elif material == HAIR:
                strand = 0.6 * strands[int(a) % STRANDS]
                strand += 0.4 * strands[int(a * 3.3 + b * 2) % STRANDS]
                image[y, x] = hair * (0.35 + 0.9 * strand) * diffuse + 0.25 * gloss * strand
            else:
                image[y, x] = a * diffuse + gloss * b
    return image
