"""Writes safetensors files, for the scripts that make golden files."""

import json
import struct

import numpy as np


def write_safetensors(path, tensors, metadata):
    """tensors: list of (name, array). https://huggingface.co/docs/safetensors/index#format"""
    names = {"float32": "F32", "float64": "F64", "uint8": "U8", "uint32": "U32", "int64": "I64"}
    header, offset = {"__metadata__": metadata}, 0
    for name, array in tensors:
        header[name] = {
            "dtype": names[str(array.dtype)],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + array.nbytes],
        }
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for _, array in tensors:
            file.write(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes())
