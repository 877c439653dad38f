//===- Objects.h - Host code, kernel by kernel ------------------*- C++ -*-===//
#ifndef EINFALL_LIB_DRIVER_OBJECTS_H
#define EINFALL_LIB_DRIVER_OBJECTS_H

#include "lib/Driver/ObjectCache.h"
#include "lib/Driver/Pipeline.h"
#include "mlir/IR/BuiltinOps.h"

namespace einfall {

struct ObjectOptions {
  PipelineOptions phases; ///< of which the target counts
  CacheOptions cache;
  std::string reproducer; ///< as in CompileOptions
};

/// Compiles a module that stands at the run phase: one object for each of its
/// tile programs and one for its entries. Each is taken from the cache or made
/// by one of several threads, in a context of its own; the objects do not
/// depend on which. Renames the programs of `module` to what they are called
/// there.
mlir::FailureOr<std::vector<std::string>> compileObjects(mlir::ModuleOp module,
                                                         const ObjectOptions &options);

} // namespace einfall

#endif
