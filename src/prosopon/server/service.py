"""The queue, its worker process and the files of both: what the routes call."""

from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
import threading
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.context import SpawnProcess
from pathlib import Path

from prosopon.errors import InputError, OutputError
from prosopon.server.errors import Refused
from prosopon.server.media import check_media
from prosopon.server.settings import Settings, resolve_within
from prosopon.server.store import Job, JobStore, new_id
from prosopon.server.worker import UPLOAD_NAME, work
from prosopon.types import Column

log = logging.getLogger("prosopon.server")

_WATCH_SECONDS = 0.5
_SWEEP_SECONDS = 60.0
_STOP_SECONDS = 5.0
CRASHED = "the analysis stopped unexpectedly: the file may be damaged, or memory ran out"


class Service:
    """Takes inputs, has them analysed, and forgets them in time."""

    def __init__(self, settings: Settings, schema: Sequence[Column]) -> None:
        self.settings = settings
        self.schema = tuple(schema)
        try:
            (settings.folder / "jobs").mkdir(parents=True, exist_ok=True)
            settings.folder.chmod(0o700)
        except OSError as error:
            raise OutputError(
                f"{settings.folder}: can't keep results there ({error.strerror}); "
                "give another folder with --folder"
            ) from error
        self.store = JobStore(settings.database)
        self._context = multiprocessing.get_context("spawn")
        self._wake = self._context.Event()
        self._worker: SpawnProcess | None = None
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="watch worker", daemon=True)

    def start(self) -> None:
        """Begin to analyse, first what an earlier server left."""
        self.store.requeue_running()
        self.sweep()
        self._sweep_orphans()
        self._start_worker()
        self._watcher.start()

    def stop(self) -> None:
        """End the worker; what it was at waits for the next start."""
        self._stopping.set()
        if self._watcher.is_alive():
            self._watcher.join()
        if self._worker is not None:
            self._worker.terminate()
            self._worker.join(_STOP_SECONDS)
            if self._worker.is_alive():
                self._worker.kill()
                self._worker.join()
            self._worker.close()
            self._worker = None
        # Its semaphores are given back here: the signal that ends the process may come next.
        del self._wake

    @property
    def worker_pid(self) -> int | None:
        """Process id of the worker; None when it is being started."""
        return self._worker.pid if self._worker is not None else None

    # ---- jobs

    def prepare(self) -> tuple[str, Path]:
        """An id for a new job, and the file that its upload goes to."""
        job_id = new_id()
        folder = self.settings.job_folder(job_id)
        folder.mkdir()
        return job_id, folder / UPLOAD_NAME

    def submit_upload(self, job_id: str, name: str) -> Job:
        """Queue what was uploaded under ``job_id``. Refused with 415: no picture or video."""
        media = _check(self.settings.job_folder(job_id) / UPLOAD_NAME, name)
        return self._submit(job_id, name, None, media)

    def submit_path(self, path: str) -> Job:
        """Queue a file of the server's. InputError: not within its roots; else as an upload."""
        found = resolve_within(self.settings.roots, path)
        media = _check(found, found.name)
        job_id, _ = self.prepare()
        try:
            return self._submit(job_id, found.name, str(found), media)
        except BaseException:
            self.drop_files(job_id)
            raise

    def _submit(self, job_id: str, name: str, source: str | None, media: str) -> Job:
        job = self.store.add(job_id, name, source, media, self.settings.limits.waiting)
        self._wake.set()
        log.info("analysis %s queued (%s)", job_id, media)
        return job

    def input_path(self, job: Job) -> Path:
        """The picture or video of a job."""
        return Path(job.source) if job.source else self.settings.job_folder(job.id) / UPLOAD_NAME

    def delete(self, job_id: str) -> bool:
        """Forget a job and its files; one that is running stops. Whether there was one."""
        existed = self.store.delete(job_id)
        if existed:
            self.drop_files(job_id)
            log.info("analysis %s deleted", job_id)
        return existed

    def drop_files(self, job_id: str) -> None:
        """Remove the upload and the results of a job."""
        shutil.rmtree(self.settings.job_folder(job_id), ignore_errors=True)

    def sweep(self) -> None:
        """Delete what was kept long enough."""
        for job_id in self.store.expired(self.settings.limits.kept_seconds):
            self.delete(job_id)

    def _sweep_orphans(self) -> None:
        """Remove folders without a job, before any upload can be under way."""
        known = self.store.ids()
        for folder in (self.settings.folder / "jobs").iterdir():
            if folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)

    # ---- worker

    def _start_worker(self) -> None:
        self._worker = self._context.Process(
            target=work,
            args=(self.settings, self._wake, os.getpid()),
            name="prosopon worker",
            daemon=True,
        )
        self._worker.start()

    def _watch(self) -> None:
        """Replace a worker that died, and sweep now and then."""
        since_sweep = 0.0
        while not self._stopping.wait(_WATCH_SECONDS):
            since_sweep += _WATCH_SECONDS
            if since_sweep >= _SWEEP_SECONDS:
                self.sweep()
                since_sweep = 0.0
            worker = self._worker
            if worker is not None and not worker.is_alive():
                log.error("the worker ended with code %s; starting another", worker.exitcode)
                with suppress(ValueError):
                    worker.close()
                for job_id in self.store.running():
                    self.store.fail(job_id, CRASHED)
                self._start_worker()


def _check(path: Path, name: str) -> str:
    try:
        return check_media(path, name)
    except InputError as error:
        raise Refused(415, str(error)) from error
