//===- RunDialect.cpp - Registration and the buffer type ------------------===//
#include "dialects/run/RunDialect.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace einfall::run;

#include "dialects/run/RunDialect.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/run/RunTypes.cpp.inc"

void RunDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/run/RunTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/run/RunOps.cpp.inc"
      >();
}

Type BufferType::parse(AsmParser &parser) {
  auto tensor = dyn_cast_or_null<einfall::ein::TensorType>(einfall::ein::TensorType::parse(parser));
  return tensor ? BufferType::get(tensor) : BufferType();
}

void BufferType::print(AsmPrinter &printer) const { getTensor().print(printer); }

int64_t BufferType::getElementBytes() const {
  return llvm::PowerOf2Ceil(llvm::divideCeil(getElementType().getIntOrFloatBitWidth(), 8));
}

einfall::ein::ExtentAttr BufferType::getByteSize() const {
  einfall::ein::ExtentAttr count = getTensor().getNumElements();
  return einfall::ein::ExtentAttr::of(count.getExpr() * getElementBytes(), count.getSymbols());
}
