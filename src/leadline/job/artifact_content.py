"""What a figure, an image, a table or an array is as a file: ``leadline.log_artifact(figure,
"loss.png")``.

The value brings its library with it, so nothing is imported that the job has not, except numpy for
an array and Pillow for an array that is to be a picture. The price of going by what a value can do
instead of by its class: a class of one's own with ``savefig`` or ``to_csv`` is taken for a figure
or a table too, which is what its author means.
"""

from __future__ import annotations

import io
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

IMAGE_FORMATS = {".jpg": "jpeg", ".tif": "tiff"}  # others are called as they end


class WrongKind(TypeError):
    """The argument is a mistake in the program, whatever its content: it shows in the first call."""


def content_of(value: Any, name: str) -> bytes:
    """The bytes of ``value`` in the format that the ending of ``name`` says.

    Figures (``savefig``) and images (Pillow's ``save``) as ``.png``, ``.svg``, ``.jpg``, …; tables
    (``to_csv`` of pandas, ``write_csv`` of polars, a list of dicts or of rows) as ``.csv``,
    ``.tsv``, those of a library also as ``.parquet``, lists also as ``.jsonl``; arrays (numpy, or
    what turns into one) as ``.npy``, or as pictures: height × width (× 3 or 4), integers 0 to 255
    or floats 0 to 1. A list without rows is an empty file. JSON has no NaN and no infinities: in
    ``.jsonl`` they are the texts ``"NaN"``, ``"Infinity"``, ``"-Infinity"``.

    Raises:
        WrongKind: not such a value, or not one that can be a file of that ending.
        ValueError: the right kind of value, whose content cannot be kept so: a picture with numbers beyond its range.
    """
    ending = os.path.splitext(name)[1].lower()
    if hasattr(value, "savefig"):
        return _saved(lambda file: value.savefig(file, format=_format(ending)))
    if hasattr(value, "save") and hasattr(value, "getbands"):
        return _saved(lambda file: value.save(file, format=_format(ending)))
    if hasattr(value, "to_csv") or hasattr(value, "write_csv"):
        return _frame(value, ending)
    if isinstance(value, (list, tuple)):
        return _rows(value, ending)
    if hasattr(value, "__array__"):
        return _array(value, ending)
    raise WrongKind(
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
        raise WrongKind(
            f"a table is kept as .csv, .tsv or .parquet, not {ending or 'without an ending'}"
        )
    separator = "\t" if ending == ".tsv" else ","
    if hasattr(value, "to_csv"):
        return str(value.to_csv(index=False, sep=separator, lineterminator="\n")).encode()
    return str(value.write_csv(separator=separator)).encode()


def _rows(rows: Any, ending: str) -> bytes:
    for row in rows:
        if not isinstance(row, (dict, list, tuple)):
            raise WrongKind(f"a table is a list of dicts or of rows, not of {type(row).__name__}")
    if ending == ".jsonl":
        import json

        return "".join(
            json.dumps(_in_json(row), ensure_ascii=False) + "\n" for row in rows
        ).encode()
    if ending not in (".csv", ".tsv"):
        raise WrongKind(
            f"a list of rows is kept as .csv, .tsv or .jsonl, not {ending or 'without an ending'}"
        )
    import csv

    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter="\t" if ending == ".tsv" else ",", lineterminator="\n")
    if rows and all(isinstance(row, dict) for row in rows):
        names = list({name: None for row in rows for name in row})
        rows = [names, *([row.get(name, "") for name in names] for row in rows)]
    elif any(isinstance(row, dict) for row in rows):
        raise WrongKind("the rows of a table are all dicts or all lists")
    writer.writerows(rows)
    return text.getvalue().encode()


def _in_json(value: Any) -> Any:
    """``value`` with the words of the record for the numbers that JSON does not have."""
    if isinstance(value, float) and value - value != 0:
        if value != value:
            return "NaN"
        return "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {name: _in_json(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_in_json(one) for one in value]
    return value


def _array(value: Any, ending: str) -> bytes:
    import numpy

    if hasattr(value, "detach"):  # a tensor of torch, wherever it is
        value = value.detach().cpu()
    array = numpy.asarray(value)
    if ending == ".npy":
        return _saved(lambda file: numpy.save(file, array, allow_pickle=False))
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise WrongKind(
            f"an array of shape {array.shape} is kept as .npy, not as {ending or 'a file without an ending'}"
        )
    if array.dtype.kind not in "biuf":
        raise WrongKind(
            f"an array of {array.dtype} is kept as .npy, not as {ending or 'a file without an ending'}"
        )
    try:
        from PIL import Image
    except ImportError:
        raise WrongKind(
            "an array is kept as a picture with Pillow (pip install pillow), else as .npy"
        ) from None
    pixels = _pixels(numpy, array)
    image = Image.fromarray(
        pixels[:, :, 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    )
    return _saved(lambda file: image.save(file, format=_format(ending)))


def _pixels(numpy: Any, array: Any) -> Any:
    """``array`` as bytes. Nothing is clipped: a picture of other numbers would look like a result
    and be none. A float is in the range when it rounds to 0 to 255, since 1.0000001 is what
    arithmetic makes of 1."""
    if array.dtype.kind == "b":
        return array.astype("uint8") * 255
    words = "integers 0 to 255"
    if array.dtype.kind == "f":
        if without := int(array.size - numpy.isfinite(array).sum()):
            raise ValueError(
                f"a picture has floats 0 to 1, {without} of these {array.size} are NaN or infinite"
            )
        words, given = "floats 0 to 1", array
        array = numpy.floor(array.astype("float64") * 255 + 0.5)
    else:
        given = array
    if array.size and not 0 <= array.min() <= array.max() <= 255:
        raise ValueError(f"a picture has {words}, these are {given.min():g} to {given.max():g}")
    return array.astype("uint8")
