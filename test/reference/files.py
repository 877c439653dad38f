"""Writes the inputs of files.mlir and checks what the interpreter made of them."""
import json
import os
import sys

import numpy as np

command, folder = sys.argv[1:]
X = np.array([[0.1, 1], [2, 3], [4, 1 / 3]])  # float64 for an f32 argument
BITS = np.array([0x3F80, 0xC000, 0x7FC0], np.uint16)  # bf16: 1, -2, NaN
MASK = np.array([True, False, True])


def result(place, index):
    return np.load(f"{folder}/{place}/result{index}.npy")


if command == "write":
    for place, bits in (("in", BITS), ("bad", np.zeros(4, np.uint16))):
        for i, array in enumerate((X if place == "in" else X.astype(np.float32), bits, MASK, np.array(-7, np.int8))):
            np.save(f"{folder}/{place}/arg{i}.npy", array)
    with open(f"{folder}/in/params.json", "w") as file:
        json.dump({"s": 1}, file)
    os.makedirs(f"{folder}/cut")
    with open(f"{folder}/in/arg2.npy", "rb") as whole, open(f"{folder}/cut/arg0.npy", "wb") as part:
        part.write(whole.read()[:-1])
elif command == "check-declared":
    assert result("out", 0).dtype == np.float32
    np.testing.assert_array_equal(result("out", 0), X[1:].astype(np.float32))
    np.testing.assert_array_equal(result("out", 1), np.array([1, -2, np.nan], np.float32))
    assert result("out", 2).dtype == np.bool_ and result("out", 3).dtype == np.int64
    np.testing.assert_array_equal(result("out", 2), MASK)
    assert result("out", 3).shape == () and result("out", 3) == -7
    assert result("out", 4).shape == (0, 3) and result("out", 4).dtype == np.float16
elif command == "check-f64":
    # Written beside the inputs; `s` from params.json; nothing rounded.
    assert result("in", 0).dtype == np.float64
    np.testing.assert_array_equal(result("in", 0), X[2:])
    np.testing.assert_array_equal(result("in", 1), [1, -2, np.nan])
else:
    sys.exit(f"unknown command {command}")
