"""A soak: business traffic, many clients, and every so often a part of the product killed; nothing may be lost.

python -m bench.soak --minutes 30 --clients 200 --rate 50
"""

import argparse
import random
import shutil
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

import psutil

from tests.cli.installed import Command, Installation, gone
from tests.db.supervised import eventually
from tests.faults.site import Site

BETWEEN_KILLS = 20.0
"""Seconds."""
DATABASE_EVERY = 9
"""Of so many kills one is of PostgreSQL itself."""


def victim(site: Site, chance: random.Random, number: int) -> tuple[str, psutil.Process]:
    """Who is killed next."""
    if number % DATABASE_EVERY == DATABASE_EVERY - 1:
        return "postgresql", site.postmaster
    backends = [each for each in site.postmaster.children() if "cogniflow_app" in " ".join(each.cmdline())]
    return chance.choice((("realtime", site.realtime), ("worker", chance.choice(site.web_workers)),
                          ("backend", chance.choice(backends))))


class Killer(threading.Thread):
    """Kills somebody every 20 seconds by the clock, whatever else goes on, until `stop` is set; who it was is in `kills`.

    Not while `steady` is held: what is put off is done right after.
    """

    def __init__(self, site: Site, stop: threading.Event):
        super().__init__(daemon=True)
        self.kills: list[str] = []
        self.failure: Exception | None = None
        self.steady = threading.Lock()
        self._site, self._ended, self._chance = site, stop, random.Random(1)

    def run(self) -> None:
        """Kill."""
        due = time.monotonic()
        while not self._ended.wait(max(0.0, (due := due + BETWEEN_KILLS) - time.monotonic())):
            try:
                with self.steady:
                    self._site.note_life()  # a killed backend ends the server's life, too: none may pass unnoticed
                    self.kills.append(self._kill())
            except Exception as failure:
                self.failure = failure
                raise

    def _kill(self) -> str:
        while True:
            try:
                name, process = victim(self._site, self._chance, len(self.kills))
                process.kill()
            except (IndexError, psutil.Error):  # it is being started just now
                continue
            eventually(partial(gone, process))
            return name


def memory(running: Command) -> dict[str, float]:
    """Megabytes of each part of the product: what it alone holds, and its share of what is shared (Pss)."""
    found: dict[str, float] = {"supervisor": _pss(psutil.Process(running.process.pid))}
    for name, words in (("web", "gunicorn"), ("realtime", "realtime"), ("postgresql", "postgres")):
        found[name] = sum(_pss(each) for each in running.children(words))
    return found


def _pss(process: psutil.Process) -> float:
    try:
        return process.memory_full_info().pss / 1e6
    except psutil.Error:
        return 0.0


def report(site: Site, minute: float, killer: Killer) -> bool:
    """Judge everybody up to now, and print how it is; whether all is well."""
    with killer.steady:
        site.hear_all()
        evidence = site.evidence()
    verdict, gaps = site.compare(*evidence), sum(each.gaps for each in site.observers)
    figures = "  ".join(f"{name} {size:5.0f} MB" for name, size in memory(site.running).items())
    print(f"{minute:5.1f} min  told {verdict.told:>9,}  lost {len(verdict.lost)}  twice {len(verdict.twice)}  inversions "
          f"{len(verdict.inversions)}  untrue {len(verdict.untrue)}  gaps {gaps}  "
          f"resets {site.resets()}  connections {sum(each.connections for each in site.observers):,}  kills {len(killer.kills)}\n"
          f"           {figures}", flush=True)
    for each in (*verdict.lost, *verdict.twice, *verdict.inversions, *verdict.untrue)[:5]:
        print(f"           {each}", flush=True)
    site.forget_judged()
    failed = [each.failure for each in (*site.observers, *site.writers, killer) if each.failure]
    return verdict.is_clean and not gaps and not failed


def soak(site: Site, minutes: float, clients: int, rate: float) -> bool:
    """Let it run, break it, and say how it was; whether nothing was lost."""
    site.begin_traffic()
    for number in range(clients - len(site.observers)):
        site.observe(seed=number if number % 4 == 0 else None)
    stop, begun, well = threading.Event(), time.monotonic(), True
    killer = Killer(site, stop)
    killer.start()
    traffic: Command | None = None
    while well and (spent := time.monotonic() - begun) < minutes * 60:
        if traffic is None or traffic.process.poll() is not None:  # what a killed database broke off goes on
            traffic = site.installation.start("simulate", "--rate", rate)
        time.sleep(BETWEEN_KILLS - spent % BETWEEN_KILLS)
        well = report(site, (time.monotonic() - begun) / 60, killer)
    stop.set()
    killer.join()
    if traffic:
        traffic.stop()
    eventually(site.is_up, 90)
    well = report(site, (time.monotonic() - begun) / 60, killer) and well
    print(f"killed: { {name: killer.kills.count(name) for name in sorted(set(killer.kills))} }", flush=True)
    return well


def main() -> None:
    """Run it on an installation of its own, which is gone afterwards; exit 1 where anything was not as it should be."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=30)
    options.add_argument("--clients", type=int, default=200)
    options.add_argument("--rate", type=float, default=50)
    given = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="cf-"))
    installation = Installation(folder)
    try:
        site = Site(installation, "hub", "--demo")
        well = soak(site, given.minutes, given.clients, given.rate)
        site.end()
    finally:
        installation.end()
        shutil.rmtree(folder)
    sys.exit(not well)


if __name__ == "__main__":
    main()
