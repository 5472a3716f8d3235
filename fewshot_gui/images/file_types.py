"""Which files are listed as pictures, judged by their names alone.

Everything that is not clearly something else is listed: a picture with a strange name, or
of a kind that cannot be decoded, must show up with its reason rather than vanish.
"""

from __future__ import annotations

READABLE_EXTENSIONS = frozenset(
    {
        *("jpg", "jpeg", "jpe", "jfif", "mpo"),
        *("png", "apng", "webp", "gif", "avif", "avifs", "qoi"),
        *("tif", "tiff", "bmp", "dib", "ico", "cur", "icns"),
        *("ppm", "pgm", "pbm", "pnm", "pfm", "pam"),
        *("jp2", "j2k", "j2c", "jpc", "jpf", "jpx"),
        *("tga", "icb", "vda", "vst", "pcx", "dcx", "sgi", "rgb", "rgba", "bw"),
        *("dds", "psd", "fit", "fits", "fts", "xbm", "xpm", "ras", "sun"),
        *("blp", "fli", "flc", "ftc", "ftu", "gbr", "im", "imt", "msp", "pxr", "spider"),
    }
)
"""Extensions, without the dot, of the formats that can be decoded."""

RAW_EXTENSIONS = frozenset(
    {
        *("3fr", "ari", "arw", "cr2", "cr3", "crw", "dcr", "dng", "erf", "fff", "gpr", "iiq"),
        *("k25", "kdc", "mef", "mos", "mrw", "nef", "nrw", "orf", "pef", "raf", "raw", "rw2"),
        *("rwl", "sr2", "srf", "srw", "x3f"),
    }
)
"""Extensions of camera raw files."""

UNREADABLE_EXTENSIONS = RAW_EXTENSIONS | {
    *("heic", "heif", "heics", "heifs", "hif", "jxl", "jxr", "wdp", "hdp", "bpg", "flif"),
    *("svg", "svgz", "eps", "ps", "ai", "pdf", "wmf", "emf", "cdr"),
    *("psb", "xcf", "kra", "ora", "exr", "hdr", "dcm", "dicom", "nii", "djvu", "djv"),
    *("mng", "jng", "pcd", "pct", "pict", "fpx", "mic", "sid", "ecw", "ktx", "ktx2", "cin"),
    *("dpx", "jpm", "jls", "jbig", "jb2", "czi", "lif", "lsm", "nd2", "svs", "ndpi", "mrxs"),
}
"""Extensions of pictures that are listed, and then refused with their format's name."""

IMAGE_EXTENSIONS = READABLE_EXTENSIONS | UNREADABLE_EXTENSIONS
"""Extensions that certainly mean a picture, lower case, without the dot."""

OTHER_EXTENSIONS = frozenset(
    {
        # text, tables, markup, program code
        *("txt", "text", "md", "rst", "rtf", "tex", "log", "csv", "tsv", "json", "jsonl", "xml"),
        *("html", "htm", "xhtml", "mht", "css", "js", "ts", "py", "pyc", "pyi", "ipynb", "r", "m"),
        *("c", "h", "cc", "cpp", "hpp", "cs", "java", "class", "jar", "go", "rs", "rb", "pl"),
        *("php", "sh", "bat", "cmd", "ps1", "sql", "yaml", "yml", "toml", "ini", "cfg", "conf"),
        *(
            "lst",
            "names",
            "srt",
            "vtt",
            "sub",
            "url",
            "webloc",
            "lnk",
            "desktop",
            "eml",
            "msg",
            "ics",
        ),
        # documents
        *("doc", "docx", "odt", "xls", "xlsx", "ods", "ppt", "pptx", "odp", "pages", "numbers"),
        *("key", "epub", "mobi", "bib", "tmp", "bak", "old", "part", "crdownload", "swp"),
        # sidecars and catalogues of other picture programs
        *("xmp", "aae", "thm", "pp3", "dop", "cos", "on1", "lrcat", "lrprev", "lrdata", "gpx"),
        *("fewshot", "fewshot-wal", "fewshot-shm", "fewshot-journal", "kml", "kmz"),
        # video and sound
        *("mp4", "m4v", "mov", "avi", "mkv", "webm", "wmv", "flv", "mpg", "mpeg", "3gp", "mts"),
        *("m2ts", "vob", "ogv", "lrv", "insv", "mp3", "wav", "flac", "ogg", "opus", "m4a", "aac"),
        *("wma", "aif", "aiff", "mid", "midi", "amr"),
        # archives, disks, programs, fonts
        *("zip", "gz", "tgz", "bz2", "xz", "zst", "7z", "rar", "tar", "iso", "img", "dmg", "deb"),
        *("rpm", "pkg", "apk", "msi", "exe", "dll", "so", "dylib", "a", "o", "lib", "obj", "sys"),
        *("ttf", "otf", "woff", "woff2"),
        # data, models
        *("db", "sqlite", "sqlite3", "db-wal", "db-shm", "mdb", "dat", "pkl", "pickle", "npy"),
        *("npz", "mat", "h5", "hdf5", "parquet", "feather", "arrow", "tfrecord", "lmdb", "pt"),
        *("pth", "ckpt", "onnx", "safetensors", "joblib", "stl", "ply", "glb", "gltf", "fbx"),
        *("md5", "sha1", "sha256", "sig", "asc", "torrent"),
    }
)
"""Extensions that certainly mean something else, lower case, without the dot."""

OTHER_NAMES = frozenset(
    {"readme", "license", "licence", "copying", "authors", "changelog", "makefile", "dockerfile"}
)
"""Names without an extension that certainly mean something else, lower case."""

HIDDEN_NAMES = frozenset(
    {
        *("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"),
        *("@eadir", "#recycle", "$recycle.bin", "system volume information", "__macosx"),
    }
)
"""Names that systems and network disks put beside the user's files, lower case."""


def extension(name: str) -> str:
    """The part after the last dot in lower case, or an empty text."""
    stem, dot, ending = name.rpartition(".")
    return ending.lower() if dot and stem else ""


def is_listed(name: str) -> bool:
    """Whether a file of this name is listed as a picture."""
    ending = extension(name)
    if ending:
        return ending not in OTHER_EXTENSIONS
    return name.lower() not in OTHER_NAMES
