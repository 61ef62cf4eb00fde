"""A soak: business traffic, many clients, and every so often a part of the product killed; nothing may be lost.

python -m bench.soak --minutes 30 --clients 200 --rate 50
"""

import argparse
import random
import shutil
import tempfile
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


def kill(site: Site, chance: random.Random, number: int) -> str:
    """Kill somebody; the name."""
    while True:
        try:
            name, process = victim(site, chance, number)
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


def report(site: Site, minute: float, kills: list[str]) -> None:
    """Judge everybody up to now, and print how it is."""
    verdict = site.settle()
    figures = "  ".join(f"{name} {size:5.0f} MB" for name, size in memory(site.running).items())
    print(f"{minute:5.1f} min  told {verdict.told:>9,}  lost {len(verdict.lost)}  twice {len(verdict.twice)}  inversions "
          f"{len(verdict.inversions)}  untrue {len(verdict.untrue)}  gaps {sum(each.gaps for each in site.observers)}  "
          f"resets {site.resets()}  connections {sum(each.connections for each in site.observers):,}  kills {len(kills)}\n"
          f"           {figures}", flush=True)
    for each in (*verdict.lost, *verdict.twice, *verdict.inversions, *verdict.untrue)[:5]:
        print(f"           {each}", flush=True)
    site.forget_judged()


def soak(site: Site, minutes: float, clients: int, rate: float) -> None:
    """Let it run, break it, and say how it was."""
    chance, kills, begun = random.Random(1), [], time.monotonic()
    site.begin_traffic()
    for number in range(clients - len(site.observers)):
        site.observe(seed=number if number % 4 == 0 else None)
    traffic: Command | None = None
    next_report = 60.0
    while (spent := time.monotonic() - begun) < minutes * 60:
        if traffic is None or traffic.process.poll() is not None:  # what a killed database broke off goes on
            traffic = site.installation.start("simulate", "--rate", rate)
        time.sleep(BETWEEN_KILLS)
        site.note_life()  # a killed backend ends the server's life, too: two may end between two reports
        kills.append(kill(site, chance, len(kills)))
        if spent > next_report:
            report(site, spent / 60, kills)
            next_report += 60
    traffic.stop()
    eventually(site.is_up, 90)
    report(site, minutes, kills)
    print(f"killed: { {name: kills.count(name) for name in sorted(set(kills))} }", flush=True)


def main() -> None:
    """Run it on an installation of its own, which is gone afterwards."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=30)
    options.add_argument("--clients", type=int, default=200)
    options.add_argument("--rate", type=float, default=50)
    given = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="cf-"))
    installation = Installation(folder)
    try:
        site = Site(installation, "hub", "--demo")
        soak(site, given.minutes, given.clients, given.rate)
        site.end()
    finally:
        installation.end()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
