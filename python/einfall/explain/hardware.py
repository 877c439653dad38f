"""Which code of a package was seen to run right on a GPU: results of bench/gpu, bound to the hash of the code."""

import hashlib
import json
import zipfile

from ..errors import EinfallError


def read_verified(paths: list[str]) -> dict[str, str]:
    """The GPU by the hash of code that was checked there, with nothing wrong."""
    seen = {}
    for path in paths:
        try:
            with open(path, encoding="utf-8") as file:
                document = json.load(file)
            seen |= {check["code"]: document["gpu"] for check in document["checks"].values() if not check["wrong"]}
        except OSError as e:
            raise EinfallError(f"cannot read {path}: {e.strerror}") from e
        except (ValueError, KeyError, TypeError, AttributeError):
            raise EinfallError(f"{path} holds no results of a GPU: bench/gpu/check.py writes them (results.json)") from None
    return seen


def hardware_of(package: str, targets: list[dict], seen: dict[str, str]) -> dict[str, str]:
    """By GPU target of the package, whether exactly its code was seen to run right."""
    found = {}
    for name in (t["name"] for t in targets if t.get("device", "cpu") != "cpu"):
        with zipfile.ZipFile(package) as archive:
            code = hashlib.sha256(archive.read(f"code/{name}.so")).hexdigest()
        found[name] = f"verified on {seen[code]}" if code in seen else "not verified on hardware"
    return found
