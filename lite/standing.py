"""Wheels of the site that stand in for compiled packages without one for pages."""

from __future__ import annotations

import zipfile
from pathlib import Path

FOLDER = Path(__file__).parent

STAND_INS = {"rpds-py": "rpds"}
"""Packages, and the module of this folder that the site has in their place."""

WHEEL = "Wheel-Version: 1.0\nGenerator: agentkit\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def pack(package: str, folder: Path) -> Path:
    """Make the wheel of a stand-in; a package of the same name takes its place."""
    module, stem = STAND_INS[package], package.replace("-", "_")
    about = f"Metadata-Version: 2.1\nName: {package}\nVersion: 0\nSummary: Stands in for it.\n"
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / f"{stem}-0-py3-none-any.whl"
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, text in (
            (f"{module}.py", (FOLDER / f"{module}.py").read_text(encoding="utf-8")),
            (f"{stem}-0.dist-info/METADATA", about),
            (f"{stem}-0.dist-info/WHEEL", WHEEL),
        ):
            wheel.writestr(zipfile.ZipInfo(name), text)  # of no time: the same bytes each time
        wheel.writestr(zipfile.ZipInfo(f"{stem}-0.dist-info/RECORD"), "")
    return made
