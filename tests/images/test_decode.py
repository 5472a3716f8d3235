"""Decoding bytes: every mode, every orientation, sane colours, and a reason for the rest."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageFilter

from fewshot_gui.images import decode as decode_module
from fewshot_gui.images import resampling
from fewshot_gui.images.decode import decode
from fewshot_gui.images.decoded import Decoded
from fewshot_gui.images.files import FailureKind
from fewshot_gui.images.request import Crop, DecodeRequest

CROP = Crop(64, 56, "bicubic")


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def shown(data: bytes, name: str = "a.png", thumbnail: int = 1000) -> np.ndarray:
    """The thumbnail, for pictures that must decode."""
    decoded = decode(data, DecodeRequest(name, thumbnail=thumbnail))
    assert decoded.failure is None, decoded.failure
    return pixels(decoded)


def pixels(decoded: Decoded) -> np.ndarray:
    width, height = decoded.thumbnail_size
    return np.frombuffer(decoded.thumbnail, np.uint8).reshape(height, width, 3)


def cropped(data: bytes, crop: Crop, name: str = "a.png") -> np.ndarray:
    decoded = decode(data, DecodeRequest(name, crop))
    assert decoded.failure is None, decoded.failure
    return np.frombuffer(decoded.crop, np.uint8).reshape(crop.size, crop.size, 3)


def gradient(width: int = 64, height: int = 48) -> Image.Image:
    """A picture without any symmetry."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([x, y, x * y / 255], axis=2).astype(np.uint8))


def test_gives_what_was_asked_for():
    decoded = decode(encoded(gradient()), DecodeRequest("a.png", CROP, 32))
    assert decoded.failure is None
    assert len(decoded.crop) == 56 * 56 * 3
    assert decoded.thumbnail_size == (32, 24)
    assert (decoded.width, decoded.height) == (64, 48)


def test_gives_nothing_that_was_not_asked_for():
    decoded = decode(encoded(gradient()), DecodeRequest("a.png"))
    assert decoded == Decoded(None, 64, 48)


def test_small_pictures_keep_their_size_in_thumbnails():
    assert np.array_equal(shown(encoded(gradient())), np.asarray(gradient()))


@pytest.mark.parametrize("size", [(300, 200), (200, 300), (64, 64), (301, 199), (20, 30)])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos"])
def test_the_crop_is_the_centre_of_the_scaled_picture(size, interpolation):
    """Compared with scaling the whole picture and cutting out the middle."""
    image = gradient(*size).filter(ImageFilter.GaussianBlur(2))
    scale = 64 / min(size)
    whole = image.resize(
        (round(size[0] * scale), round(size[1] * scale)),
        resampling.FILTERS[interpolation],
    )
    left, top = (whole.width - 56) // 2, (whole.height - 56) // 2
    wanted = np.asarray(whole.crop((left, top, left + 56, top + 56)), int)
    got = cropped(encoded(image), Crop(64, 56, interpolation))
    assert np.abs(wanted - got).mean() < 3


@pytest.mark.parametrize("size", [(1, 10_000), (10_000, 1), (2, 60_000), (1, 1)])
def test_strips_cost_no_memory(size, monkeypatch):
    largest = []

    def watched(*arguments):
        result = resampling.resized(*arguments)
        largest.append(result.width * result.height)
        return result

    monkeypatch.setattr(decode_module, "resized", watched)
    decoded = decode(
        encoded(Image.new("RGB", size, (9, 99, 199))), DecodeRequest("a.png", CROP, 256)
    )
    assert decoded.failure is None
    assert set(zip(*[iter(decoded.crop)] * 3, strict=True)) == {(9, 99, 199)}
    assert max(largest) <= 256 * 256
    assert max(decoded.thumbnail_size) == min(256, max(size))
    assert min(decoded.thumbnail_size) == 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("size", [(90, 60), (61, 97)])
def test_all_orientations_come_out_upright(orientation, kind, size):
    upright = gradient(*size)
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = upright if undo is None else upright.transpose(undo)
    options = {"quality": 95} if kind in ("JPEG", "WEBP") else {}
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(stored, kind, exif=exif, **options)
    decoded = decode(data, DecodeRequest("a", CROP, 50))
    assert decoded.failure is None
    assert (decoded.width, decoded.height) == size
    plain = decode(encoded(upright, "PNG"), DecodeRequest("a", CROP, 50))
    assert decoded.thumbnail_size == plain.thumbnail_size
    assert np.abs(pixels(decoded).astype(int) - pixels(plain)).mean() < 4
    one = np.frombuffer(decoded.crop, np.uint8).astype(int)
    assert np.abs(one - np.frombuffer(plain.crop, np.uint8)).mean() < 4


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_invalid_orientations_are_ignored(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert np.abs(shown(encoded(gradient(), exif=exif)).astype(int) - gradient()).max() == 0


@pytest.mark.parametrize("family", ["Landscape", "Portrait"])
def test_the_corpus_orientations_come_out_upright(corpus, family):
    paths = sorted(corpus.folder.rglob(f"*_{family}_[1-8].jpg"))
    assert len(paths) >= 8, "the corpus has lost its orientation pictures"
    thumbs = [shown(path.read_bytes(), path.name, 128).astype(int) for path in paths]
    for path, thumb in zip(paths, thumbs, strict=True):
        assert thumb.shape == thumbs[0].shape, path
        assert np.abs(thumb - thumbs[0]).mean() < 8, path


def test_broken_exif_does_not_hide_the_picture():
    plain = encoded(gradient(), "JPEG")
    broken = b"Exif\0\0MM\0*\xff\xff\xff\xf0garbage"
    data = plain[:2] + b"\xff\xe1" + struct.pack(">H", len(broken) + 2) + broken + plain[2:]
    assert shown(data, "a.jpg").shape == (48, 64, 3)


WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def palette_with_alpha() -> bytes:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([255, 0, 0, 0, 200, 0])
    return encoded(image, transparency=bytes([255, 0]))


def keyed_rgb() -> bytes:
    return encoded(Image.new("RGB", (8, 8), (1, 2, 3)), transparency=(1, 2, 3))


def half_transparent(mode: str) -> bytes:
    return encoded(Image.new("RGBA", (8, 8), (0, 0, 0, 128)).convert(mode))


@pytest.mark.parametrize(
    ("make", "colour"),
    [
        (lambda: encoded(Image.new("RGBA", (8, 8), (255, 0, 0, 0))), WHITE),
        (lambda: encoded(Image.new("RGBA", (8, 8), (255, 0, 0, 255))), (255, 0, 0)),
        (lambda: half_transparent("RGBA"), (127, 127, 127)),
        (lambda: half_transparent("LA"), (127, 127, 127)),
        (palette_with_alpha, WHITE),
        (keyed_rgb, WHITE),
        (lambda: encoded(Image.new("1", (8, 8), 1)), WHITE),
        (lambda: encoded(Image.new("L", (8, 8), 77)), (77, 77, 77)),
        (lambda: encoded(Image.new("RGBA", (8, 8), (9, 9, 9, 0)), "WEBP", lossless=True), WHITE),
        (lambda: encoded(Image.new("RGBA", (8, 8), (9, 9, 9, 0)), "GIF"), WHITE),
        (lambda: encoded(Image.new("HSV", (8, 8), (0, 255, 255)).convert("RGB")), (255, 0, 0)),
        (lambda: encoded(Image.new("YCbCr", (8, 8), (76, 85, 255)), "TIFF"), (254, 0, 0)),
        (lambda: encoded(Image.new("LAB", (8, 8), (255, 128, 128)), "TIFF"), WHITE),
        (lambda: encoded(Image.new("CMYK", (8, 8), (0, 0, 0, 0)), "TIFF"), WHITE),
        (lambda: encoded(Image.new("CMYK", (8, 8), (0, 0, 0, 255)), "TIFF"), BLACK),
        (lambda: encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"), (254, 0, 0)),
    ],
)
def test_modes_have_sane_colours_on_white(make, colour):
    picture = shown(make(), "a")
    assert picture.shape == (8, 8, 3)
    assert np.abs(picture.astype(int) - colour).max() <= 2


def test_transparent_edges_do_not_bleed_their_hidden_colour():
    """Scaled down, a green picture beside transparent red must not turn brown."""
    image = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    image.paste((0, 255, 0, 255), (0, 0, 33, 64))
    picture = shown(encoded(image), thumbnail=16).astype(int)
    assert (picture[..., 1] >= 250).all()  # between green and white, green is always full


@pytest.mark.parametrize("dtype", [np.uint16, ">u2"])
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_deep_grey_is_scaled_and_not_clipped(dtype, bits):
    ramp = np.linspace(0, 2**bits - 1, 64).round().astype(np.uint16)
    picture = shown(tiff_of(np.tile(ramp, (4, 1)), dtype), "a.tif")[0, :, 0]
    assert np.abs(picture.astype(float) - np.linspace(0, 255, 64)).max() <= 1


def tiff_of(array: np.ndarray, dtype: object) -> bytes:
    """A bare greyscale TIFF in either byte order, which Pillow cannot write itself."""
    dtype = np.dtype(dtype)
    order = ">" if dtype.byteorder == ">" else "<"
    kind = {"u": 1, "i": 2, "f": 3}[dtype.kind]
    data = array.astype(dtype).tobytes()
    height, width = array.shape
    tags = [(256, width), (257, height), (258, 8 * dtype.itemsize), (259, 1), (262, 1)]
    tags += [(273, 8), (277, 1), (278, height), (279, len(data)), (339, kind)]
    entries = b"".join(struct.pack(order + "HHII", tag, 4, 1, value) for tag, value in tags)
    start = (b"MM\0*" if order == ">" else b"II*\0") + struct.pack(order + "I", 8 + len(data))
    return start + data + struct.pack(order + "H", len(tags)) + entries + bytes(4)


def test_floats_from_0_to_1_keep_their_range():
    ramp = np.tile(np.linspace(0, 0.5, 64), (4, 1))
    picture = shown(tiff_of(ramp, np.float32), "a.tif")[0, :, 0]
    assert picture.min() == 0
    assert 126 <= picture.max() <= 128


def test_floats_of_any_range_are_stretched_and_nan_is_black():
    values = np.tile(np.linspace(-300, 700, 64), (64, 1))
    values[0, :3] = np.nan, np.inf, -np.inf
    picture = shown(tiff_of(values, np.float32), "a.tif")[..., 0]
    assert tuple(picture[0, :3]) == (0, 255, 0)
    assert np.abs(picture[1].astype(float) - np.linspace(0, 255, 64)).max() <= 2


def test_one_hot_pixel_does_not_make_the_rest_black():
    values = np.tile(np.linspace(-1, 1, 256), (256, 1))
    values[100, 100] = 1e9
    picture = shown(tiff_of(values, np.float32), "a.tif")[..., 0]
    assert 100 < picture.mean() < 155


@pytest.mark.parametrize("value", [0.0, 5.5, np.nan])
def test_a_flat_deep_picture_is_no_accident(value):
    assert shown(tiff_of(np.full((4, 4), value), np.float32), "a.tif").shape == (4, 4, 3)


def test_32_bit_integers():
    values = np.tile(np.linspace(-(2**30), 2**30, 64), (64, 1))
    picture = shown(tiff_of(values, np.int32), "a.tif")[0, :, 0]
    assert np.abs(picture.astype(float) - np.linspace(0, 255, 64)).max() <= 2


def test_a_colour_profile_is_converted_to_srgb():
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    plain = encoded(gradient())
    # A profile of another colour space is of no use, and must not change anything.
    assert np.array_equal(shown(encoded(gradient(), icc_profile=lab)), shown(plain))
    assert np.array_equal(shown(encoded(gradient(), icc_profile=b"rubbish" * 40)), shown(plain))
    swapped = shown(encoded(gradient(), icc_profile=swapped_profile()))
    assert np.abs(swapped.astype(int)[..., ::-1] - shown(plain)).mean() < 3


def swapped_profile() -> bytes:
    """sRGB with the red and blue primaries exchanged."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")
    return profile.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))


def test_only_the_first_picture_is_shown_and_said_so():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    for kind, name in [("GIF", "a.gif"), ("TIFF", "a.tif"), ("WEBP", "a.webp"), ("PNG", "a.png")]:
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        decoded = decode(data, DecodeRequest(name, thumbnail=8))
        assert decoded.more, kind
        assert np.abs(pixels(decoded)[4, 4].astype(int) - (255, 0, 0)).max() < 20, kind
    assert not decode(encoded(frames[0]), DecodeRequest("a.png")).more


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("size", [(3001, 2003), (2003, 3001), (1100, 5000)])
def test_a_big_jpeg_is_decoded_small_with_the_same_result(size, progressive, monkeypatch):
    image = gradient(*size)
    data = encoded(image, "JPEG", quality=95, progressive=progressive)
    small = decode(data, DecodeRequest("a.jpg", CROP, 100))
    assert small.failure is None
    assert (small.width, small.height) == size
    monkeypatch.setattr(decode_module, "DRAFT_GAP", 1e9)
    full = decode(data, DecodeRequest("a.jpg", CROP, 100))
    assert small.thumbnail_size == full.thumbnail_size
    assert np.abs(pixels(small).astype(int) - pixels(full)).mean() < 1
    one, other = (np.frombuffer(d.crop, np.uint8).astype(int) for d in (small, full))
    assert np.abs(one - other).mean() < 1


def test_a_jpeg_beyond_the_limit_of_others_is_shown(monkeypatch):
    monkeypatch.setattr(decode_module, "MAX_PIXELS", 500_000)
    data = encoded(gradient(1500, 1000), "JPEG")
    assert decode(data, DecodeRequest("a.jpg", CROP)).failure is None
    data = encoded(gradient(1500, 1000), "JPEG", progressive=True)
    assert decode(data, DecodeRequest("a.jpg", CROP)).failure.kind is FailureKind.TOO_LARGE


def failure(data: bytes, name: str = "a.png"):
    decoded = decode(data, DecodeRequest(name, CROP, 64))
    assert decoded.failure is not None
    assert not decoded.crop
    return decoded.failure


def png_claiming(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "size", [(8001, 8001), (30_000, 30_000), (2**31 - 1, 2**31 - 1), (100_001, 1), (1, 100_001)]
)
def test_pictures_that_claim_to_be_huge_are_refused_before_decoding(size):
    assert failure(png_claiming(*size)).kind is FailureKind.TOO_LARGE


def test_a_webp_that_claims_to_be_huge_is_refused_before_its_decoder_sees_it():
    header = b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\xff\x3f\0" * 2
    data = b"RIFF" + struct.pack("<I", len(header) + 4) + b"WEBP" + header
    assert failure(data, "a.webp").kind is FailureKind.TOO_LARGE


def test_the_limit_of_pixels_is_ours_for_the_time_of_decoding_only():
    before = Image.MAX_IMAGE_PIXELS
    decode(encoded(gradient()), DecodeRequest("a.png", CROP))
    failure(png_claiming(30_000, 30_000))
    assert before == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF", "BMP"])
def test_a_cut_file_is_damaged(kind):
    data = encoded(gradient(400, 300), kind)
    assert failure(data[: len(data) // 2], f"a.{kind.lower()}").kind is FailureKind.DAMAGED


def test_an_empty_file_says_so():
    assert failure(b"").for_export() == "damaged: empty file"


@pytest.mark.parametrize(
    ("data", "name", "detail"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64), "a.heic", "HEIC"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64), "a.jpg", "HEIC"),
        (b"\xff\x0a" + bytes(64), "a.jxl", "JPEG XL"),
        (b"%PDF-1.7\n" + bytes(64), "a.pdf", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "a.eps", "EPS"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "a.png", "EPS"),
        (b'<?xml version="1.0"?>\n<svg xmlns="x"></svg>', "a.svg", "SVG"),
        (b"v/1\x01" + bytes(64), "a.exr", "OpenEXR"),
        (bytes(128) + b"DICM" + bytes(64), "a.dcm", "DICOM"),
        (b"II*\0\x08\0\0\0" + bytes(64), "a.nef", "camera raw"),
        (b"II*\0\x10\0\0\0CR\x02\0" + bytes(64), "a.tif", "camera raw"),
        (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom" + bytes(64), "a.cr3", "camera raw"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(64), "a.jpg", "video"),
        (b"PK\x03\x04" + bytes(64), "a.png", "ZIP archive"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "a.jpg", "web page"),
        (b"This is no picture at all, just words.", "a.jpg", "text"),
        (bytes(range(256)) * 4, "a.heic", "HEIC"),
        (bytes(range(256)) * 4, "a.unheard", "unknown format"),
    ],
)
def test_what_is_not_decoded_is_called_by_its_name(data, name, detail):
    found = failure(data, name)
    assert (found.kind, found.detail) == (FailureKind.UNSUPPORTED, detail)


def test_rubbish_under_a_picture_name_is_damaged():
    assert failure(bytes(range(256)) * 4, "a.jpg").kind is FailureKind.DAMAGED


def test_a_picture_under_a_wrong_name_is_shown():
    for name in ("a.jpg", "a.tga", "a.heic", "a.txt", "a", "a.bin"):
        assert np.array_equal(shown(encoded(gradient()), name), np.asarray(gradient())), name


@pytest.mark.parametrize(
    "error",
    [
        *(MemoryError(), RecursionError("deep"), struct.error("short"), zlib.error("bad")),
        *(KeyError("x"), AssertionError(), OSError("broken at 0x7f00deadbeef\nline two")),
    ],
)
def test_every_exception_becomes_a_reason(error, monkeypatch):
    def fail(*_arguments: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(decode_module, "resized", fail)
    found = failure(encoded(gradient()))
    large = isinstance(error, MemoryError)
    assert found.kind is (FailureKind.TOO_LARGE if large else FailureKind.DAMAGED)
    assert found.detail
    assert "0x7f" not in found.detail
    assert "\n" not in found.detail


def test_the_reason_is_the_same_each_time():
    data = encoded(gradient())[:100]
    assert failure(data) == failure(data)


SEEDS: dict[str, Callable[[], bytes]] = {
    "png": lambda: encoded(gradient()),
    "jpg": lambda: encoded(gradient(), "JPEG"),
    "gif": lambda: encoded(gradient(), "GIF"),
    "tif": lambda: encoded(gradient(), "TIFF", compression="tiff_lzw"),
    "webp": lambda: encoded(gradient(), "WEBP"),
    "bmp": lambda: encoded(gradient(), "BMP"),
    "tga": lambda: encoded(gradient(), "TGA"),
    "ppm": lambda: encoded(gradient(), "PPM"),
}


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(SEEDS)), st.data())
def test_mutated_pictures_give_a_picture_or_a_reason(kind, data):
    content = bytearray(SEEDS[kind]())
    for _cut in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    decoded = decode(bytes(content), DecodeRequest(f"a.{kind}", CROP, 32))
    if decoded.failure is None:
        assert len(decoded.crop) == 56 * 56 * 3
        width, height = decoded.thumbnail_size
        assert len(decoded.thumbnail) == width * height * 3


@given(st.binary(max_size=300), st.sampled_from(["jpg", "tga", "spider", "bin", "im", ""]))
def test_random_bytes_give_a_picture_or_a_reason(data, ending):
    decoded = decode(data, DecodeRequest(f"a.{ending}", CROP))
    assert (decoded.failure is None) == bool(decoded.crop)


@pytest.mark.parametrize("bad", [(0, 0, "bicubic"), (10, 11, "bicubic"), (10, 10, "magic")])
def test_impossible_crops_are_refused(bad):
    with pytest.raises(ValueError, match=r"cannot crop|unknown interpolation"):
        Crop(*bad)


@pytest.mark.parametrize("side", [0, -1, 10**6])
def test_impossible_thumbnails_are_refused(side):
    with pytest.raises(ValueError, match="thumbnail"):
        DecodeRequest("a.png", thumbnail=side)
