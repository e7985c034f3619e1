"""The identities of followed faces: when to look at a face, and what follows from it.

Looking costs a pass of the appearance network, and is seldom needed: when a face shows up, when it
has parted from another, when its picture changes at once, and every so often to learn what its
person looks like. Doubt is a ``Trial``: some looks over some frames, after each of which the faces
in doubt are given to people anew, all at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from prosopon.track.boxes import bounds, covered
from prosopon.track.identity import Claim, Trial, identify
from prosopon.track.memory import Likeness, Memory, Person
from prosopon.types import FloatArray

Look = Callable[[FloatArray], FloatArray]
"""Landmarks (n, 68, 2) px of faces in this frame → embeddings (n, d) of length 1."""

TOUCH = 0.1
"""Of two faces, the share of the smaller that the other covers when they may be confused."""
GLANCE = 0.6
"""Correlation of a face's crop with the one before, below which it may be another face."""
LEARN_EVERY = 50
"""Frames between looks at a face about which there is no doubt."""
LOOKS = (0, 2, 5, 10, 18)
"""Frames after the start of a trial at which the face is looked at."""
STILL = 0.01
"""Of the landmarks' extent: how far they move, on average of x and y, before the crop moves."""
SURE = 0.9
"""Confidence from which an interrupted trial tells what a person looks like."""
# Log-odds that a face is who it was taken for, before looking at it.
KEEP_ADMITTED, KEEP_PARTED, KEEP_CHANGED, KEEP_FOLLOWED = 0.7, 1.0, 2.5, 4.0


@dataclass(slots=True, eq=False)
class Track:
    """A face that is followed. landmarks (68, 2) px; velocity (2,) px a frame, of their middle.

    confidence: of the identity; touching: whether another face overlaps it; held (68, 2): the
    landmarks that its crop is cut by.
    """

    person: Person
    landmarks: FloatArray
    confidence: float
    velocity: FloatArray = field(default_factory=lambda: np.zeros(2, dtype=np.float32))
    age: int = 0
    glance: FloatArray | None = None
    touching: bool = False
    trial: Trial | None = None
    held: FloatArray | None = None

    def expected(self) -> FloatArray:
        """(68, 2) px: where the landmarks should be one frame later.

        While a face hardly moves, exactly where they were held to be before: its crop then stays
        the same, and what the network sees differs by the face alone.
        """
        ahead = self.landmarks + self.velocity
        extent = np.ptp(ahead, axis=0).max()
        if self.held is None or np.abs(ahead - self.held).mean() > STILL * extent:
            self.held = ahead
        return self.held

    def move(self, landmarks: FloatArray) -> None:
        """Be at these landmarks one frame later."""
        # Half of the last step: full extrapolation overshoots when a head turns back.
        self.velocity = 0.5 * (landmarks.mean(0) - self.landmarks.mean(0))
        self.landmarks = landmarks
        self.age += 1
        self.person.seen_at(landmarks, self.velocity)

    def compare(self, glance: FloatArray) -> None:
        """Doubt a face whose small picture (k,) is another than in the frame before."""
        before, self.glance = self.glance, glance
        if before is None or self.trial is not None:
            return
        a, b = glance - glance.mean(), before - before.mean()
        if a @ b < GLANCE * np.sqrt((a @ a) * (b @ b)):
            self.trial = Trial(LOOKS[:-1], KEEP_CHANGED)


class Identities:
    """Who everybody is. patience: frames after which a lost person is forgotten without looks."""

    def __init__(self, likeness: Likeness | None, patience: int) -> None:
        self._likeness = likeness
        self._patience = patience
        self._memory = Memory()

    @property
    def by_looks(self) -> bool:
        """Whether people are known by more than their places."""
        return self._likeness is not None

    def age(self) -> None:
        """A frame goes by."""
        for person in self._memory.people.values():
            person.missing += 1

    def cut(self) -> None:
        """Nobody is where they were."""
        for person in self._memory.people.values():
            person.cut_off = True

    def forget(self, followed: Sequence[Track]) -> None:
        """Forget whom nothing is left to recognise by."""
        held = {track.person.face_id for track in followed}
        for person in list(self._memory.people.values()):
            gone = person.missing > self._patience and not person.views
            if gone and person.face_id not in held:
                self._memory.forget(person)

    def lose(self, tracks: Sequence[Track]) -> None:
        """Keep what was seen of faces that are followed no longer, where there is no doubt."""
        for track in tracks:
            if track.trial is not None and (track.trial.fresh or track.confidence > SURE):
                for vector in track.trial.vectors:
                    track.person.remember(vector)

    def admit(
        self, landmarks: FloatArray, followed: Sequence[Track], area: float, look: Look | None
    ) -> list[Track]:
        """Tracks of faces (n, 68, 2) that have shown up in a picture of ``area`` px²."""
        return self._meet(landmarks, followed, area, self._seen(landmarks, look))

    def anchor(
        self,
        landmarks: FloatArray,
        owners: Sequence[Track | None],
        followed: Sequence[Track],
        area: float,
        look: Look | None,
    ) -> list[Track]:
        """Tracks of faces (n, 68, 2) that were found anew, looked at as if they had shown up.

        owners: who of ``followed`` was followed there, and stays who they are until looks tell
        otherwise; None for newcomers.
        """
        if not len(landmarks):
            return []
        seen = self._seen(landmarks, look)
        new = [row for row, owner in enumerate(owners) if owner is None]
        met = dict(
            zip(
                new,
                self._meet(landmarks[new], followed, area, None if seen is None else seen[new]),
                strict=True,
            )
        )
        tracks = []
        for row, owner in enumerate(owners):
            if owner is None:
                tracks.append(met[row])
                continue
            self.lose([owner])
            track = Track(owner.person, landmarks[row], owner.confidence)
            track.person.seen_at(landmarks[row], track.velocity)
            if seen is not None:
                track.trial = Trial(LOOKS, KEEP_FOLLOWED, vectors=[seen[row]])
            tracks.append(track)
        return tracks

    def _seen(self, landmarks: FloatArray, look: Look | None) -> FloatArray | None:
        return look(landmarks) if look is not None and self.by_looks else None

    def _meet(
        self,
        landmarks: FloatArray,
        followed: Sequence[Track],
        area: float,
        seen: FloatArray | None,
    ) -> list[Track]:
        people = self._free(followed, [])
        claims = []
        for row, points in enumerate(landmarks):
            places = {person.face_id: person.place_odds(points, area) for person in people}
            trial = Trial(LOOKS, KEEP_ADMITTED, places=places)
            if seen is not None:
                trial.vectors.append(seen[row])
            claims.append(Claim(trial))
        tracks = []
        answers = identify(claims, people, self._likeness)
        for points, claim, (person, confidence) in zip(landmarks, claims, answers, strict=True):
            claim.trial.fresh = person is None
            track = Track(person or self._memory.meet(points), points, confidence)
            track.person.seen_at(points, track.velocity)
            track.trial = claim.trial if seen is not None else None
            tracks.append(track)
        return tracks

    def review(self, tracks: Sequence[Track], look: Look | None) -> None:
        """Look at the faces that are due, and give those in doubt to people anew."""
        if look is None or not self.by_looks or not tracks:
            return
        self._note_touches(tracks)
        due: list[tuple[Track, Trial]] = []
        for track in tracks:
            if track.trial is not None:
                track.trial.age += 1
            elif track.age % LEARN_EVERY == 0 and not track.touching:
                track.trial = Trial((0,), KEEP_FOLLOWED)
            if track.trial is not None and track.trial.due and not track.touching:
                due.append((track, track.trial))
        if due:
            vectors = look(np.stack([track.landmarks for track, _ in due]))
            for (_, trial), vector in zip(due, vectors, strict=True):
                trial.vectors.append(vector)
            self._settle(due, tracks)
        for track in tracks:
            if track.trial is not None and track.trial.over:
                for vector in track.trial.vectors:
                    track.person.remember(vector)
                track.trial = None

    def settle_double(
        self, kept: Track, lost: Track, landmarks: FloatArray, look: Look | None
    ) -> None:
        """Let the one face (68, 2) that two tracks have run onto be the one's whom it is like."""
        if look is None or self._likeness is None or kept.person.face_id == lost.person.face_id:
            return
        if not (kept.person.views and lost.person.views):
            return
        vector = look(landmarks[None])[0]
        gain = self._likeness.log_odds(lost.person.cosine(vector))
        gain -= self._likeness.log_odds(kept.person.cosine(vector))
        if gain > KEEP_PARTED:
            kept.person, lost.person = lost.person, kept.person
            kept.trial = None
            kept.confidence = float(1 / (1 + np.exp(-gain)))

    def _note_touches(self, tracks: Sequence[Track]) -> None:
        """Doubt the faces that have just parted from another, or left it behind."""
        shares = np.zeros((1, 1), dtype=np.float32)
        if len(tracks) > 1:
            shares = covered(bounds(np.stack([track.landmarks for track in tracks])))
            np.fill_diagonal(shares, 0)
        for track, most in zip(tracks, shares.max(1), strict=True):
            before, track.touching = track.touching, bool(most > TOUCH)
            if before and not track.touching and (track.trial is None or not track.trial.fresh):
                track.trial = Trial(LOOKS, KEEP_PARTED)

    def _settle(self, due: Sequence[tuple[Track, Trial]], followed: Sequence[Track]) -> None:
        claims = []
        for track, trial in due:
            own = None if trial.fresh else track.person
            # One bad look makes nobody a stranger.
            claims.append(Claim(trial, own, trial.fresh or (trial.over and len(trial.looks) > 1)))
        people = self._free(followed, [track for track, _ in due if track.trial])
        people = [p for p in people if not any(t.fresh and k.person is p for k, t in due)]
        answers = identify(claims, people, self._likeness)
        for (track, trial), (person, confidence) in zip(due, answers, strict=True):
            track.confidence = confidence
            if person is None and not trial.fresh:
                person, trial.fresh = self._memory.meet(track.landmarks), True
            elif person is not None and trial.fresh:
                self._memory.forget(track.person)
                trial.fresh = False
            track.person = person or track.person
            track.person.seen_at(track.landmarks, track.velocity)

    def _free(self, followed: Sequence[Track], but: Sequence[Track]) -> list[Person]:
        """Everybody who isn't followed, or is so by one of ``but``."""
        held = {t.person.face_id for t in followed} - {t.person.face_id for t in but}
        return [p for p in self._memory.people.values() if p.face_id not in held]
