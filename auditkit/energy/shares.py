"""How much of what the processor did was done by this process."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shares:
    """Processor seconds of this process with its children, and of the whole machine."""

    own: float
    busy: float

    @classmethod
    def now(cls) -> Shares:
        """Return what has been used up to now."""
        import os

        import psutil  # type: ignore[import-untyped]

        times, whole = os.times(), psutil.cpu_times()
        resting = whole.idle + getattr(whole, "iowait", 0.0)
        return cls(times.user + times.system + times.children_user + times.children_system, sum(whole[:8]) - resting)

    def until_now(self) -> Shares:
        """Return what was used since."""
        now = Shares.now()
        return Shares(now.own - self.own, now.busy - self.busy)

    @property
    def of_this_process(self) -> float:
        """The share, 0 to 1; 1 where nothing was busy."""
        return min(1.0, max(0.0, self.own / self.busy)) if self.busy > 0 else 1.0
