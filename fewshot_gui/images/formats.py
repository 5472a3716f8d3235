"""Which formats are read, and what a file is that is not."""

from __future__ import annotations

from PIL import Image

# Not opened at all: they start other programs (EPS: Ghostscript), are drawings rather than
# pictures, or are containers that Pillow can identify but never decode.
_BLOCKED = frozenset(["EPS", "WMF", "BUFR", "GRIB", "HDF5", "IPTC", "MPEG", "MCIDAS"])

_SIGNATURES = (
    (0, b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"%PDF", "PDF"),
    (0, b"%!PS", "PostScript"),
    (0, b"\xc5\xd0\xd3\xc6", "PostScript"),
    (0, b"\xd7\xcd\xc6\x9a", "WMF"),
    (0, b"\x01\x00\x09\x00", "WMF"),
    (40, b" EMF", "EMF"),
    (128, b"DICM", "DICOM"),
    (0, b"FUJIFILMCCD-RAW", "camera raw"),
    (0, b"IIRO", "camera raw"),
    (0, b"IIU\x00", "camera raw"),
    (0, b"v/1\x01", "OpenEXR"),
    (0, b"#?RADIANCE", "Radiance HDR"),
    (0, b"II\xbc\x01", "JPEG XR"),
    (0, b"\x8aMNG", "MNG"),
    (0, b"\x89HDF", "HDF5"),
    (0, b"GRIB", "GRIB"),
    (0, b"BUFR", "BUFR"),
    (0, b"8BPS", "Photoshop"),
    (0, b"BM", "BMP"),
    (0, b"DDS ", "DDS"),
)
# Formats that are read as a rule: a file of these that is refused is damaged, or a variant.
_USUALLY_READ = frozenset(["BMP", "DDS", "Photoshop"])
_HEIC_BRANDS = frozenset([b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"])


def allowed_formats() -> list[str]:
    """Pillow's names of the formats that are opened."""
    Image.init()
    return sorted(set(Image.OPEN) - _BLOCKED)


def unsupported_format(data: bytes) -> str:
    """Name of the format if it is a known one that is not read, else an empty string."""
    if data[4:8] == b"ftyp":
        return _iso_media(data)
    for offset, signature, name in _SIGNATURES:
        if data[offset : offset + len(signature)] == signature:
            return "" if name in _USUALLY_READ else name
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<svg", b"<?xml", b"<!doctype svg")) and b"<svg" in data[:4096].lower():
        return "SVG"
    return ""


def _iso_media(data: bytes) -> str:
    """HEIC, AVIF and films share a container; its brands tell which."""
    size = min(int.from_bytes(data[:4], "big"), 256)
    brands = {data[8:12], *(data[i : i + 4] for i in range(16, size, 4))}
    if b"avif" in brands or b"avis" in brands:
        return "AVIF of a kind that this decoder refuses"
    if brands & _HEIC_BRANDS:
        return "HEIC"
    if data[8:11] == b"crx":
        return "camera raw"
    return "video"
