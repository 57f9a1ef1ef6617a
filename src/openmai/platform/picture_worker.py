"""The process that opens strangers' pictures: reads one from standard input, writes its bare pixels as JPEG.

It is started by `pictures.reencode` with nothing but this to do. Its limits are set before a byte is read;
whatever a codec does with a hostile file, it does here. Exit code 3 means: not a picture that we take.
"""

import io
import resource
import sys
import warnings
from typing import Final

MEMORY: Final = 1024 * 1024 * 1024
CPU_SECONDS: Final = 10
MAX_PIXELS: Final = 40_000_000
MAX_SIDE: Final = 2_000
FORMATS: Final = ("JPEG", "PNG", "WEBP")
REFUSED: Final = 3


def main(limit: int) -> int:
    """`limit` is the size of the largest input in bytes."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    data = sys.stdin.buffer.read(limit + 1)
    if len(data) > limit:
        return REFUSED
    try:
        sys.stdout.buffer.write(_pixels(data))
    except Exception:
        # Decoders raise anything at all on hostile bytes, and their words may quote the picture.
        return REFUSED
    return 0


def _pixels(data: bytes) -> bytes:
    from PIL import Image, ImageOps

    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
        if opened.width * opened.height > MAX_PIXELS or getattr(opened, "n_frames", 1) != 1:
            raise ValueError
        opened.load()
        upright = ImageOps.exif_transpose(opened)
    flat = Image.new("RGB", upright.size, "white")
    seen = upright.convert("RGBA")
    flat.paste(seen, mask=seen.getchannel("A"))
    flat.thumbnail((MAX_SIDE, MAX_SIDE))
    # From the bytes of the pixels alone: the object that was opened carries comments, profiles and more.
    bare = Image.frombytes("RGB", flat.size, flat.tobytes())
    written = io.BytesIO()
    bare.save(written, format="JPEG", quality=85)
    return written.getvalue()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
