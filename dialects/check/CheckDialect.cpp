//===- CheckDialect.cpp - Registration and verifiers ----------------------===//
#include "dialects/check/CheckDialect.h"

using namespace mlir;
using namespace einfall::check;

#include "dialects/check/CheckDialect.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/check/CheckOps.cpp.inc"

void CheckDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/check/CheckOps.cpp.inc"
      >();
}

LogicalResult CheckDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  // check_c1
  auto sizes = dyn_cast<DictionaryAttr>(attribute.getValue());
  if (attribute.getName() != "check.params" ||
      (sizes &&
       llvm::all_of(sizes, [](NamedAttribute size) { return isa<IntegerAttr>(size.getValue()); })))
    return success();
  return op->emitError("expected check.params = {SYMBOL = NUMBER, ...}, but got ")
         << attribute.getValue();
}

LogicalResult ExpectCloseOp::verify() {
  Type element = getGot().getType().getElementType();
  if (!isa<FloatType>(element))
    return emitOpError("compares floats, but got ") << element << ": use check.expect_eq";
  for (auto [name, value] : {std::pair("atol", getAtol()), std::pair("rtol", getRtol())})
    if (!(value.convertToDouble() >= 0))
      return emitOpError("expected ")
             << name << " of at least 0, but got " << value.convertToDouble();
  return success();
}
