//===- Npy.h - Arrays in numpy's file format ------------------------------===//
//
// C-ordered little-endian arrays, format versions 1 to 3. numpy has no bf16
// and no f8: such tensors are uint16 and uint8 arrays of their bits (in numpy:
// x.view(np.uint16)); i1 is numpy's bool.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_RUN_NPY_H
#define EINFALL_RUN_NPY_H

#include "core/Memory.h"
#include "einfall/dtype.h"

#include <string>
#include <vector>

namespace einfall::tool {

struct Array {
  rt::DType dtype = rt::DType::F32;
  std::vector<int64_t> shape;
  rt::PageMemory memory; ///< aligned, at least one byte
  uint64_t bytes = 0;

  std::byte *data() const { return memory.data(); }
};

/// Zeroed.
rt::Result<Array> makeArray(rt::DType dtype, std::vector<int64_t> shape);

/// Element `i` as a number; f8 types are compared as their bits.
double element(const Array &array, size_t i);

/// Reads a file; bit types come as ui16 or ui8.
rt::Result<Array> readNpy(const std::string &path);

/// Takes an array as `want` if it holds the same bits under numpy's name.
bool reinterpret(Array &array, rt::DType want);

/// Writes through a temporary file and a rename.
rt::Status writeNpy(const std::string &path, const Array &array);

} // namespace einfall::tool
#endif
