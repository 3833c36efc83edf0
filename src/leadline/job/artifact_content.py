"""What a figure, an image, a table or an array is as a file: ``leadline.log_artifact(figure, "loss.png")``.

The value brings its library with it, so nothing is imported that the job has not, except numpy for an array and Pillow
for an array that is to be a picture. The price of going by what a value can do instead of by its class: a class of
one's own with ``savefig`` or ``to_csv`` is taken for a figure or a table too, which is what its author means.
"""

from __future__ import annotations

import io
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

IMAGE_FORMATS = {".jpg": "jpeg", ".tif": "tiff"}  # others are called as they end


def content_of(value: Any, name: str) -> bytes:
    """The bytes of ``value`` in the format that the ending of ``name`` says.

    Figures (``savefig``) and images (Pillow's ``save``) as ``.png``, ``.svg``, ``.jpg``, …; tables (``to_csv`` of
    pandas, ``write_csv`` of polars, a list of dicts or of rows) as ``.csv``, ``.tsv``, those of a library also as
    ``.parquet``, lists also as ``.jsonl``; arrays (numpy, or what turns into one) as ``.npy``, or as pictures:
    height × width (× 3 or 4), integers 0 to 255 or floats 0 to 1.

    Raises TypeError: not such a value, or not one that can be a file of that ending.
    """
    ending = os.path.splitext(name)[1].lower()
    if hasattr(value, "savefig"):
        return _saved(lambda file: value.savefig(file, format=_format(ending)))
    if hasattr(value, "save") and hasattr(value, "getbands"):
        return _saved(lambda file: value.save(file, format=_format(ending)))
    if hasattr(value, "to_csv") or hasattr(value, "write_csv"):
        return _frame(value, ending)
    if isinstance(value, (list, tuple)) and value and all(isinstance(row, (dict, list, tuple)) for row in value):
        return _rows(value, ending)
    if hasattr(value, "__array__"):
        return _array(value, ending)
    raise TypeError(
        f"log_artifact() takes a path, bytes, a figure, an image, a table or an array, not {type(value).__name__}"
    )


def _saved(save: Any) -> bytes:
    file = io.BytesIO()
    save(file)
    return file.getvalue()


def _format(ending: str) -> str:
    return IMAGE_FORMATS.get(ending, ending[1:] or "png")


def _frame(value: Any, ending: str) -> bytes:
    if ending == ".parquet":
        return _saved(value.to_parquet if hasattr(value, "to_parquet") else value.write_parquet)
    if ending not in (".csv", ".tsv"):
        raise TypeError(f"a table is kept as .csv, .tsv or .parquet, not {ending or 'without an ending'}")
    separator = "\t" if ending == ".tsv" else ","
    if hasattr(value, "to_csv"):
        return str(value.to_csv(index=False, sep=separator, lineterminator="\n")).encode()
    return str(value.write_csv(separator=separator)).encode()


def _rows(rows: Any, ending: str) -> bytes:
    if ending == ".jsonl":
        import json

        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    if ending not in (".csv", ".tsv"):
        raise TypeError(f"a list of rows is kept as .csv, .tsv or .jsonl, not {ending or 'without an ending'}")
    import csv

    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter="\t" if ending == ".tsv" else ",", lineterminator="\n")
    if all(isinstance(row, dict) for row in rows):
        names = list({name: None for row in rows for name in row})
        rows = [names, *([row.get(name, "") for name in names] for row in rows)]
    elif any(isinstance(row, dict) for row in rows):
        raise TypeError("the rows of a table are all dicts or all lists")
    writer.writerows(rows)
    return text.getvalue().encode()


def _array(value: Any, ending: str) -> bytes:
    import numpy

    if hasattr(value, "detach"):  # a tensor of torch, wherever it is
        value = value.detach().cpu()
    array = numpy.asarray(value)
    if ending == ".npy":
        return _saved(lambda file: numpy.save(file, array, allow_pickle=False))
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise TypeError(
            f"an array of shape {array.shape} is kept as .npy, not as {ending or 'a file without an ending'}"
        )
    try:
        from PIL import Image
    except ImportError:
        raise TypeError("an array is kept as a picture with Pillow (pip install pillow), else as .npy") from None
    if array.dtype.kind == "f":
        array = numpy.clip(numpy.nan_to_num(array), 0, 1) * 255 + 0.5
    elif array.dtype.kind not in "ub" and array.size and not 0 <= array.min() <= array.max() <= 255:
        raise TypeError(f"a picture has values of 0 to 255, these are {array.min()} to {array.max()}")
    pixels = array.astype("uint8") * (255 if array.dtype.kind == "b" else 1)
    image = Image.fromarray(pixels[:, :, 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels)
    return _saved(lambda file: image.save(file, format=_format(ending)))
