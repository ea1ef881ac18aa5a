"""What is installed: the packages that the service needs, each extra, and programs beside them."""

import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from bridge.cache import cache_folder
from rialto.commands.doctor.finding import Finding

EXTRAS = {
    "train": "rialto train, rialto evaluate",
    "export": "rialto export, rialto import-nvlabs",
    "check-tensorrt": "rialto export --check-tensorrt",
    "openvino": "RIALTO_RUNTIME",
    "traces": "RIALTO_OTLP_ENDPOINT",
    "oidc": "RIALTO_OIDC_ISSUER",
    "test": "make test",
}
PROGRAMS = {"chromium", "exiftool", "promtool", "amtool"}
FETCHED = {
    "triton-venv": ("triton wheel", "make triton", "rialto triton"),
    "metrics": ("metric weights", "make metrics", "rialto evaluate"),
    "peers": ("peers", "make peers", "rialto evaluate --peers"),
}


def check_packages() -> Finding:
    """Every package of the base install, and that its version is in the bounds."""
    wrong = missing("")
    if wrong:
        mend = "make run (in a checkout), or pip install --upgrade rialto"
        return Finding("packages", "broken", ", ".join(wrong), mend)
    return Finding("packages", "fine", f"rialto {version('rialto')} with all it needs")


def check_extras() -> Iterator[Finding]:
    """Each extra: complete, or what of it is not there."""
    for extra, purpose in EXTRAS.items():
        if not (wrong := missing(extra)):
            yield Finding(f"extra {extra}", "fine", f"for {purpose}")
            continue
        told = f"{', '.join(wrong)}; only {purpose} would use it"
        yield Finding(f"extra {extra}", "unused", told, f"pip install 'rialto[{extra}]'")


def check_programs(folder: Path | None = None) -> Iterator[Finding]:
    """Debian's programs that the tests run, and what `make` fetches into the cache."""
    absent = sorted(name for name in PROGRAMS if shutil.which(name) is None)
    if absent:
        told = f"no {', '.join(absent)}; only make test would use them"
        yield Finding("programs", "unused", told, "make programs")
    else:
        yield Finding("programs", "fine", f"{', '.join(sorted(PROGRAMS))}, for make test")
    for name, (title, target, purpose) in FETCHED.items():
        there = (folder or cache_folder("")) / name
        if there.is_dir():
            yield Finding(title, "fine", f"in {there}, for {purpose}")
        else:
            told = f"none in {there}; only {purpose} would use it"
            yield Finding(title, "unused", told, target)


def missing(extra: str) -> list[str]:
    """What the base install (extra "") or an extra asks for and this environment lacks."""
    return [
        told
        for text in requires("rialto") or []
        if _is_of(needed := Requirement(text), extra) and (told := _lack(needed))
    ]


def _is_of(needed: Requirement, extra: str) -> bool:
    if needed.marker is None:
        return not extra
    return needed.marker.evaluate({"extra": extra}) and not needed.marker.evaluate({"extra": ""})


def _lack(needed: Requirement) -> str:
    """What is wrong with one requirement; empty where it is met."""
    if needed.name == "rialto":  # an extra that brings another
        return ", ".join(told for extra in sorted(needed.extras) for told in missing(extra))
    try:
        found = version(needed.name)
    except PackageNotFoundError:
        return f"{needed.name} is missing"
    if not needed.specifier.contains(found, prereleases=True):
        return f"{needed.name} is {found}, not {needed.specifier}"
    lacking = set(needed.extras) - set(metadata(needed.name).get_all("Provides-Extra") or ())
    return f"{needed.name} has no {', '.join(sorted(lacking))}" if lacking else ""
