"""The whole corpus of bad and unusual pictures, as a user's folder, through the real pool."""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from fewshot_gui.images.files import FailureKind, ImageFile
from fewshot_gui.images.pool import Crop, DecodePool, DecodeRequest, DecodeResult
from fewshot_gui.images.scan import scan
from fewshot_gui.jobs import Job

from .conftest import Corpus

CROP = Crop(256, 224, "bicubic")
THUMBNAIL = 256
PEAK_LIMIT_KIB = 600 * 1024  # measured 270 MB; the limit of a worker is 1 GiB

# The manifest calls these broken, unsupported or too large because a plain decoder stumbles
# over their metadata, their alpha or their size. They can be shown, which is better.
BETTER_THAN_EXPECTED = {
    "malformed/google__wuffs/cee7e152_exif.png",
    "malformed/image-rs__image-tiff/6fcb5238_minisblack-2c-8b-alpha.tiff",
    "valid-unusual/AOMediaCodec__libavif/308bb51c_paris_icc_exif_xmp.png",
    "bomb/lovell__sharp/00b7893a_giant-image.jpg",
}
# Formats that are never decoded must be named, whatever is wrong with the file besides.
NAMED_BY_SIGNATURE = {"heic": "HEIC", "jxl": "JPEG XL", "pdf": "PDF", "eps": "EPS", "svg": "SVG"}
NAMED_BY_EXTENSION = {"dcm": "DICOM", "raf": "camera raw", "dng": "camera raw", "jxr": "JPEG XR"}
# Of 97 "unsupported" rows these are malformed files of formats that are supported, where
# "damaged" is as true; a rise means that a reason got lost.
MOST_UNSUPPORTED_CALLED_DAMAGED = 20


@pytest.fixture(scope="module")
def measured(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, int]:
    """Results by relative path, and the highest peak of a worker in KiB."""
    notes = tmp_path_factory.mktemp("peaks")
    files = scan(corpus.folder, Job()).files
    command = [sys.executable, "-P", str(Path(__file__).with_name("measuring_worker.py"))]
    with DecodePool(2, command=[*command, str(notes)]) as pool:
        futures = {file: pool.submit(request(file)) for file in files}
        results = {file.relative: future.result(60) for file, future in futures.items()}
    peaks = [int(note.read_text(encoding="ascii")) for note in notes.glob("*.peak")]
    return results, max(peaks, default=0)


@pytest.fixture(scope="module")
def results(measured: tuple[dict, int]) -> dict[str, DecodeResult]:
    return measured[0]


def request(file: ImageFile) -> DecodeRequest:
    return DecodeRequest(file.path, CROP, THUMBNAIL)


def wrong(corpus: Corpus, results: dict[str, DecodeResult], expectation: str, right) -> list[str]:
    """Files of the manifest with this expectation for which ``right`` does not hold."""
    return [
        f"{row['file']}: {results[row['file']].failure}"
        for row in corpus.rows
        if row["app_expect"] == expectation
        and row["file"] not in BETTER_THAN_EXPECTED
        and not right(row, results[row["file"]])
    ]


def test_no_file_of_the_corpus_is_dropped(corpus, results):
    assert set(results) == {row["file"] for row in corpus.rows}


def test_a_result_is_a_picture_or_a_reason(results):
    for path, result in results.items():
        if result.failure is None:
            assert result.crop.shape == (224, 224, 3), path
            assert max(result.thumbnail.shape[:2]) <= THUMBNAIL, path
            assert result.thumbnail.shape[2] == 3, path
            assert min(result.width, result.height) >= 1, path
        else:
            assert result.crop is None, path
            assert result.failure.detail.isascii(), path
            assert "\n" not in result.failure.detail, path
            assert 0 < len(result.failure.detail) <= 200, path


def test_good_ones_are_shown(corpus, results):
    assert wrong(corpus, results, "show", lambda row, r: r.failure is None) == []


def test_broken_ones_are_refused(corpus, results):
    assert wrong(corpus, results, "broken", lambda row, r: r.failure is not None) == []


def test_bombs_are_refused_as_too_large(corpus, results):
    def right(row, result):
        # One PSD claims sizes that contradict each other: damaged is as true.
        return result.failure is not None and (
            result.failure.kind is FailureKind.TOO_LARGE or row["signature"] == "psd"
        )

    assert wrong(corpus, results, "too-large", right) == []


def test_blocked_formats_are_never_opened(corpus, results):
    def right(row, result):
        return result.failure is not None and result.failure.kind is FailureKind.UNSUPPORTED

    assert wrong(corpus, results, "blocked-format", right) == []


def test_formats_that_are_not_decoded_are_called_by_name(corpus, results):
    def right(row, result):
        ending = row["file"].rpartition(".")[2]
        name = NAMED_BY_SIGNATURE.get(row["signature"]) or NAMED_BY_EXTENSION.get(ending)
        if name is None:
            return result.failure is not None
        if row["file"].endswith("small_video_mp4.heic"):
            name = result.failure.detail  # a video under a wrong name
        return (result.failure.kind, result.failure.detail) == (FailureKind.UNSUPPORTED, name)

    assert wrong(corpus, results, "unsupported", right) == []


def test_unsupported_variants_are_not_called_damaged(corpus, results):
    kinds = Counter(
        results[row["file"]].failure.kind
        for row in corpus.rows
        if row["app_expect"] == "unsupported" and row["file"] not in BETTER_THAN_EXPECTED
    )
    assert set(kinds) <= {FailureKind.UNSUPPORTED, FailureKind.DAMAGED}
    assert kinds[FailureKind.DAMAGED] <= MOST_UNSUPPORTED_CALLED_DAMAGED


def test_what_is_better_than_the_manifest_says_is_a_picture(results):
    assert [path for path in sorted(BETTER_THAN_EXPECTED) if results[path].failure] == []


def test_no_worker_died(results):
    """Pillow kills none of its processes on this corpus: a death would be our limits."""
    stopped = [
        path
        for path, result in results.items()
        if result.failure
        and ("stopped" in result.failure.detail or "took" in result.failure.detail)
    ]
    assert stopped == []


def test_the_hash_is_that_of_the_file(corpus, results):
    for row in corpus.rows:
        data = (corpus.folder / row["file"]).read_bytes()
        result = results[row["file"]]
        assert result.digest == hashlib.blake2b(data, digest_size=16).digest(), row["file"]
        assert result.size == len(data), row["file"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peak memory is read from /proc")
def test_no_worker_used_much_memory(measured):
    assert 0 < measured[1] < PEAK_LIMIT_KIB


def test_bad_files_do_not_disturb_good_ones(corpus, tmp_path):
    good = []
    for number in range(50):
        path = tmp_path / f"good{number}.png"
        Image.new("RGB", (64, 48), (number * 5, 100, 200)).save(path)
        good.append(path)
    bad = [row for row in corpus.rows if row["app_expect"] == "broken"][:200]
    for number, row in enumerate(bad):
        source = corpus.folder / row["file"]
        (tmp_path / f"bad{number}{source.suffix}").write_bytes(source.read_bytes())
    files = scan(tmp_path, Job()).files
    assert len(files) == 250
    with DecodePool(2) as pool:
        futures = [(file, pool.submit(request(file))) for file in files]
        results = {file.path: future.result(60) for file, future in futures}
    assert all(results[str(path)].failure is None for path in good)
    for number, path in enumerate(good):
        assert tuple(results[str(path)].crop[100, 100]) == (number * 5, 100, 200)
    assert len(results) == 250
