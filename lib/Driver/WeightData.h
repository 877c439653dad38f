//===- WeightData.h - Weights as a package stores them ----------*- C++ -*-===//
#ifndef EINFALL_LIB_DRIVER_WEIGHTDATA_H
#define EINFALL_LIB_DRIVER_WEIGHTDATA_H

#include "lib/Package/Writer.h"
#include "llvm/ADT/ArrayRef.h"

namespace einfall {

/// The bytes of `data` as they lie.
package::WeightProducer copyFrom(llvm::ArrayRef<char> data);

/// The elements of `data`, of `width` bytes, in another order: dimension i of the weight, of
/// extent `shape[i]`, is dimension `order[i]` of `data`, or dimension i where `order` is empty.
/// Unless `panels` are empty, the weight is stored in these (ein.panels).
package::WeightProducer copyInOrder(llvm::ArrayRef<char> data, size_t width,
                                    llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> order,
                                    llvm::ArrayRef<int64_t> panels = {});

} // namespace einfall

#endif
