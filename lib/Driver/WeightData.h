//===- WeightData.h - Weights as a package stores them ----------*- C++ -*-===//
#ifndef EINFALL_LIB_DRIVER_WEIGHTDATA_H
#define EINFALL_LIB_DRIVER_WEIGHTDATA_H

#include "lib/Package/Writer.h"
#include "llvm/ADT/ArrayRef.h"

namespace einfall {

/// The bytes of `data` as they lie.
package::WeightProducer copyFrom(llvm::ArrayRef<char> data);

/// The elements of `data`, of `width` bytes, in another order: dimension i of what is stored, of
/// extent `shape[i]`, is dimension `order[i]` of `data`.
package::WeightProducer copyInOrder(llvm::ArrayRef<char> data, size_t width,
                                    llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> order);

} // namespace einfall

#endif
