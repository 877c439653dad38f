//===- Remarks.cpp - What passes said of their decisions ------------------===//
#include "lib/Driver/Remarks.h"
#include "lib/Driver/Manifest.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/Regex.h"

using namespace mlir;

namespace einfall {
namespace {

const char *kindOf(const remark::detail::Remark &remark) {
  switch (remark.getRemarkType()) {
  case llvm::remarks::Type::Passed:
    return "passed";
  case llvm::remarks::Type::Missed:
    return "missed";
  case llvm::remarks::Type::Failure:
    return "failed";
  default:
    return "analysis";
  }
}

class Collector : public remark::detail::MLIRRemarkStreamerBase {
public:
  Collector(std::shared_ptr<RemarkLog> log, const std::optional<std::string> &shown)
      : log(std::move(log)) {
    if (shown)
      filter.emplace(*shown);
  }

  void streamOptimizationRemark(const remark::detail::Remark &remark) override {
    StringRef function = remark.getFunction();
    log->push_back({remark.getCategoryName().str(), kindOf(remark),
                    function.starts_with("<") ? "" : function.str(), text(remark),
                    sourceOf(remark.getLocation())});
    if (filter && filter->match(remark.getCombinedCategoryName()))
      emitRemark(remark.getLocation(), remark.getMsg());
  }

private:
  /// The sentence alone; getMsg() puts its origin before it.
  static std::string text(const remark::detail::Remark &remark) {
    std::string text;
    for (const auto &argument : remark.getArgs())
      text += argument.val;
    return text;
  }

  std::shared_ptr<RemarkLog> log;
  std::optional<llvm::Regex> filter;
};

} // namespace

LogicalResult collectRemarks(MLIRContext &context, std::shared_ptr<RemarkLog> log,
                             const std::optional<std::string> &shown) {
  return remark::enableOptimizationRemarks(
      context, std::make_unique<Collector>(std::move(log), shown),
      std::make_unique<remark::RemarkEmittingPolicyAll>(), {".*", ".*", ".*", ".*", ".*"});
}

} // namespace einfall
