"""What kind of disk a project file lies on: it decides how the file is written."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

# fmt: off
_NETWORK_TYPES = frozenset((
    "9p", "afpfs", "afs", "ceph", "cifs", "davfs", "fuse.sshfs", "fuse.davfs2",
    "fuse.rclone", "fuse.s3fs", "fuse.glusterfs", "gfs", "gfs2", "glusterfs", "lustre",
    "ncpfs", "nfs", "nfs4", "ocfs2", "prl_fs", "smb2", "smb3", "smbfs", "vboxsf", "vmhgfs",
    "fuse.vmhgfs-fuse", "fuse.gvfsd-fuse", "virtiofs", "webdav",
))
# fmt: on
_SYNCHRONISED = {
    "dropbox": "Dropbox",
    "onedrive": "OneDrive",
    "google drive": "Google Drive",
    "googledrive": "Google Drive",
    "my drive": "Google Drive",
    "mobile documents": "iCloud",
    "icloud drive": "iCloud",
    "nextcloud": "Nextcloud",
    "owncloud": "ownCloud",
    "syncthing": "Syncthing",
}
_DRIVE_REMOTE = 4
_MOUNT_TIMEOUT_S = 5.0


def is_network(folder: str) -> bool:
    """Whether a folder lies on another computer, as far as the system says."""
    if os.name == "nt":
        return _is_network_windows(folder)
    kind = _type_macos(folder) if sys.platform == "darwin" else _type_linux(folder)
    return kind in _NETWORK_TYPES


def synchronised_by(folder: str) -> str:
    """Name of the service that copies a folder to other computers; empty for none known."""
    for part in Path(folder).parts:
        name = re.split(r" - |\s\(", part.casefold())[0]  # "OneDrive - Company"
        if name in _SYNCHRONISED:
            return _SYNCHRONISED[name]
    return ""


def type_in(mounts: str, path: str) -> str:
    """File system type of a path by the text of ``/proc/mounts``."""
    best, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        place = re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), fields[1])
        root = place.rstrip("/") + "/"
        if (path + "/").startswith(root) and len(root) >= len(best):
            best, kind = root, fields[2]
    return kind


def wal_works(folder: str) -> bool:
    """Try on a scratch database whether SQLite's write-ahead log works in a folder."""
    try:
        with tempfile.TemporaryDirectory(prefix=".fewshot-", dir=folder) as scratch:
            path = os.path.join(scratch, "probe")
            with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
                db.execute("PRAGMA synchronous=OFF")  # nothing of it is to last
                mode = db.execute("PRAGMA journal_mode=WAL").fetchone()[0]
                db.execute("CREATE TABLE probe (value)")
                db.execute("INSERT INTO probe VALUES (1)")
                return mode == "wal"
    except (OSError, sqlite3.Error):
        return False


def _type_linux(folder: str) -> str:
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
    return type_in(mounts, os.path.realpath(folder))


def _type_macos(folder: str) -> str:
    """The type that ``mount`` names: ``//me@host/share on /Volumes/share (smbfs, …)``."""
    try:
        listed = subprocess.run(
            ["/sbin/mount"], capture_output=True, timeout=_MOUNT_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    lines = []
    for line in listed.stdout.decode(errors="surrogateescape").splitlines():
        match = re.fullmatch(r".* on (.*) \((\w+).*\)", line)
        if match:
            lines.append(f"x {match[1].replace(' ', chr(92) + '040')} {match[2]}")
    return type_in("\n".join(lines), os.path.realpath(folder))


def _is_network_windows(folder: str) -> bool:
    if folder.startswith(("\\\\", "//")):
        return True
    drive = os.path.splitdrive(os.path.abspath(folder))[0]
    kind = ctypes.windll.kernel32.GetDriveTypeW(f"{drive}\\")  # type: ignore[attr-defined]
    return kind == _DRIVE_REMOTE
