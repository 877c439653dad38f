//===- Safetensors.h - Weights of a checkpoint, mapped ----------*- C++ -*-===//
#ifndef EINFALL_LIB_DRIVER_SAFETENSORS_H
#define EINFALL_LIB_DRIVER_SAFETENSORS_H

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

namespace einfall {

/// Tensors of one or several .safetensors files, by name.
/// Format: 8 bytes little-endian header length, a JSON header, the data.
class Safetensors {
public:
  struct Tensor {
    std::string dtype; // as the file spells it: "BF16"
    llvm::SmallVector<int64_t> shape;
    llvm::ArrayRef<char> data;
    std::string file;
  };

  /// Opens `path`: a file, or a folder whose *.safetensors are all read.
  static llvm::Expected<Safetensors> open(llvm::StringRef path);
  const Tensor *find(llvm::StringRef name) const;

private:
  llvm::Error add(llvm::StringRef file);
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> files;
  llvm::StringMap<Tensor> tensors;
};

} // namespace einfall

#endif
