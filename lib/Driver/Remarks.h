//===- Remarks.h - What passes said of their decisions ----------*- C++ -*-===//
#ifndef EINFALL_LIB_DRIVER_REMARKS_H
#define EINFALL_LIB_DRIVER_REMARKS_H

#include "mlir/IR/MLIRContext.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace einfall {

struct RemarkRecord {
  std::string pass;     ///< the remark's category
  std::string kind;     ///< passed, missed, failed or analysis
  std::string function; ///< may be empty
  std::string message;
  std::string source; ///< `file:line`, may be empty

  bool operator==(const RemarkRecord &) const = default;
};

using RemarkLog = std::vector<RemarkRecord>;

/// From now on notes the remarks of passes in `context` in `log`, and emits
/// those as diagnostics whose pass matches the regex `shown`, if there is one.
mlir::LogicalResult collectRemarks(mlir::MLIRContext &context, std::shared_ptr<RemarkLog> log,
                                   const std::optional<std::string> &shown);

} // namespace einfall

#endif
