"""What a file is by its first bytes, for saying why it cannot be shown.

Nothing here decodes anything: it names formats, so that a HEIC is called a HEIC.
"""

from __future__ import annotations

import struct

from fewshot_gui.images.file_types import RAW_EXTENSIONS

_READABLE = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "BigTIFF"),
    (b"MM\0+", "BigTIFF"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"8BPS", "PSD"),
    (b"DDS ", "DDS"),
    (b"qoif", "QOI"),
    (b"icns", "ICNS"),
    (b"SIMPLE  =", "FITS"),
)

_UNREADABLE = (
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"%PDF", "PDF"),
    (b"%!PS", "EPS"),
    (b"\xc5\xd0\xd3\xc6", "EPS"),
    (b"\xd7\xcd\xc6\x9a", "WMF"),
    (b"\x01\0\x09\0\0\x03", "WMF"),
    (b"v/1\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"#?RGBE", "Radiance HDR"),
    (b"FUJIFILMCCD-RAW", "camera raw"),
    (b"IIU\0", "camera raw"),
    (b"IIRO", "camera raw"),
    (b"IIRS", "camera raw"),
    (b"MMOR", "camera raw"),
    (b"\0MRM", "camera raw"),
    (b"FOVb", "camera raw"),
    (b"II\x1a\0\0\0HEAPCCDR", "camera raw"),
    (b"II\xbc", "JPEG XR"),
    (b"\x8aMNG\r\n\x1a\n", "MNG"),
    (b"\x8bJNG\r\n\x1a\n", "JNG"),
    (b"BPG\xfb", "BPG"),
    (b"FLIF", "FLIF"),
    (b"gimp xcf", "XCF"),
    (b"AT&TFORM", "DjVu"),
    (b"\xabKTX", "KTX"),
    (b"\x97JB2", "JBIG2"),
    (b"\x89HDF\r\n", "HDF5"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "OLE document"),
    (b"PK\x03\x04", "ZIP archive"),
    (b"Rar!", "RAR archive"),
    (b"7z\xbc\xaf", "7-Zip archive"),
    (b"\x1f\x8b", "gzip archive"),
    (b"\x1aE\xdf\xa3", "video"),
    (b"\0\0\x01\xba", "video"),
    (b"\0\0\x01\xb3", "video"),
    (b"ID3", "sound"),
    (b"\x7fELF", "program"),
    (b"MZ", "program"),
    (b"GRIB", "GRIB"),
    (b"BUFR", "BUFR"),
)

_HEIF_BRANDS = frozenset(
    {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1"}
)
_TEXT_SAMPLE = 1024


def readable_format(data: bytes) -> str:
    """Name of the format that can normally be decoded and that ``data`` begins like, or ''."""
    for magic, name in _READABLE:
        if data.startswith(magic):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[4:8] == b"ftyp" and _is_avif(data):
        return "AVIF"
    return ""


def unreadable_format(data: bytes, extension: str = "") -> str:
    """Name of the format that is never decoded and that ``data`` begins like, or ''.

    Args:
        data: The file.
        extension: Its extension, lower case, without the dot: camera raw files begin like
            TIFF, and what a TIFF decoder finds in them is a stamp-sized preview.
    """
    if extension in RAW_EXTENSIONS and data[:4] in (b"II*\0", b"MM\0*"):
        return "camera raw"
    if data[:4] == b"II*\0" and data[8:10] == b"CR":
        return "camera raw"
    if data[:4] == b"8BPS" and data[4:6] == b"\0\x02":
        return "PSB"
    if readable_format(data):
        return ""
    for magic, name in _UNREADABLE:
        if data.startswith(magic):
            return _in_gzip(extension) if magic == b"\x1f\x8b" else name
    return _container(data) or _markup(data)


def _in_gzip(extension: str) -> str:
    return "SVG" if extension == "svgz" else "gzip archive"


def _container(data: bytes) -> str:
    """Formats whose sign is not at the very start."""
    if data[4:8] == b"ftyp" and not _is_avif(data):
        return _iso_format(data)
    if data[:4] == b"RIFF" and data[8:12] in (b"AVI ", b"WAVE"):
        return "video" if data[8:12] == b"AVI " else "sound"
    if data[:4] == b"\x01\0\0\0" and data[40:44] == b" EMF":
        return "EMF"
    if data[128:132] == b"DICM" or data[:6] == b"\x08\0\x05\0\x0a\0":
        return "DICOM"
    if data[:4] in (b"\x5c\x01\0\0", b"\0\0\x01\x5c") and len(data) >= 348:
        return "NIfTI"
    if data[2048:2055] == b"PCD_IPI":
        return "Photo CD"
    return ""


def _brands(data: bytes) -> list[bytes]:
    """Major and compatible brands of an ISO base media file."""
    end = min(int.from_bytes(data[:4], "big"), len(data), 512)
    return [data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))]


def _is_avif(data: bytes) -> bool:
    brands = _brands(data)
    if brands[0] in (b"avif", b"avis"):
        return True
    # "mif1" says only that it is some still picture.
    return brands[0] in (b"mif1", b"msf1") and (b"avif" in brands or b"avis" in brands)


def _iso_format(data: bytes) -> str:
    brands = _brands(data)
    if brands[0] == b"crx ":
        return "camera raw"
    if brands[0] in _HEIF_BRANDS or not _HEIF_BRANDS.isdisjoint(brands):
        return "HEIC"
    return "video"


def _markup(data: bytes) -> str:
    """SVG, web pages and plain text, which people find under picture names."""
    head = data[:_TEXT_SAMPLE].removeprefix(b"\xef\xbb\xbf").lstrip()
    lower = head.lower()
    if b"<svg" in lower and lower.startswith(b"<"):
        return "SVG"
    if lower.startswith((b"<!doctype html", b"<html")):
        return "web page"
    return "text" if head and _is_text(head) else ""


def _is_text(sample: bytes) -> bool:
    control = sum(byte < 32 and byte not in b"\t\n\r\f" for byte in sample)
    if control or len(sample) < 16:
        return False
    # The sample may end inside a character.
    return any(_decodes(sample[: len(sample) - cut]) for cut in range(4))


def _decodes(sample: bytes) -> bool:
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def webp_size(data: bytes) -> tuple[int, int] | None:
    """Width and height that a WebP file claims, or None.

    Asked before the decoder is, because it sets aside the memory on opening.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(data) < 30:
        return None
    if data[12:16] == b"VP8X":
        return (
            int.from_bytes(data[24:27], "little") + 1,
            int.from_bytes(data[27:30], "little") + 1,
        )
    if data[12:16] == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF
