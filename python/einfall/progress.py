"""A progress bar on standard error, where that is a terminal."""

import sys
import threading
import time

WIDTH = 24


class Progress:
    """`with Progress(3, quiet) as p: p.step("importing")`, one call a step. Draws nothing elsewhere than on a terminal."""

    def __init__(self, steps: int, quiet: bool = False, stream=None):
        self.stream = stream or sys.stderr
        self.steps, self.at, self.label = steps, -1, ""
        self.enabled = not quiet and self.stream.isatty()
        self.begin = time.monotonic()
        self.done = threading.Event()
        self.thread = None

    def __enter__(self):
        if self.enabled:
            self.thread = threading.Thread(target=self._tick, daemon=True)
            self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        if self.thread:
            self.thread.join()
            self._write("")

    def step(self, label: str) -> None:
        self.at, self.label = self.at + 1, label
        self._draw()

    def _tick(self):
        while not self.done.wait(0.25):
            self._draw()

    def _draw(self):
        if self.enabled and not self.done.is_set():
            full = WIDTH * max(self.at, 0) // self.steps
            bar = "#" * full + "." * (WIDTH - full)
            self._write(f"[{bar}] {time.monotonic() - self.begin:5.1f} s  {self.label}")

    def _write(self, text: str):
        self.stream.write("\r\x1b[K" + text)
        self.stream.flush()
