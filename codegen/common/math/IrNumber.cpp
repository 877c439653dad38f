//===- IrNumber.cpp - Recipes that write IR -------------------------------===//
#include "codegen/common/math/IrNumber.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;

namespace einfall::codegen {

Type withElement(Type type, Type element) {
  if (auto vector = dyn_cast<VectorType>(type))
    return VectorType::get(vector.getShape(), element);
  return element;
}

Value IrSite::literal(Type type, TypedAttr scalar) const {
  TypedAttr value = scalar;
  if (auto vector = dyn_cast<VectorType>(type))
    value = DenseElementsAttr::get(vector, Attribute(scalar));
  return arith::ConstantOp::create(builder, loc, value);
}

Value IrSite::real(Type type, double value) const {
  return literal(type, FloatAttr::get(getElementTypeOrSelf(type), value));
}

Value IrSite::integer(Type type, int64_t value) const {
  auto element = cast<IntegerType>(getElementTypeOrSelf(type));
  APInt number(64, static_cast<uint64_t>(value));
  return literal(type, IntegerAttr::get(element, number.sextOrTrunc(element.getWidth())));
}

Value IrSite::any(Value mask) const {
  if (!isa<VectorType>(mask.getType()))
    return mask;
  return vector::ReductionOp::create(builder, loc, vector::CombiningKind::OR, mask);
}

SmallVector<Value> IrSite::branch(Value condition, function_ref<SmallVector<Value>()> inside,
                                  ArrayRef<Value> otherwise) const {
  auto branch = scf::IfOp::create(builder, loc, TypeRange(ValueRange(otherwise)), condition, true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  SmallVector<Value> values = inside();
  scf::YieldOp::create(builder, loc, values);
  builder.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(builder, loc, otherwise);
  return SmallVector<Value>(branch.getResults());
}

/// The table as a constant of the module; equal ones share it.
static LLVM::GlobalOp tableOf(OpBuilder &builder, Location loc, ArrayRef<uint64_t> table) {
  auto module = builder.getInsertionBlock()->getParentOp()->getParentOfType<ModuleOp>();
  std::string name =
      "einf_table_" +
      llvm::utohexstr(llvm::xxh3_64bits(ArrayRef<uint8_t>(
          reinterpret_cast<const uint8_t *>(table.data()), table.size() * sizeof(uint64_t))));
  if (auto known = module.lookupSymbol<LLVM::GlobalOp>(name))
    return known;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(module.getBody());
  auto words = RankedTensorType::get(static_cast<int64_t>(table.size()), builder.getI64Type());
  auto type = LLVM::LLVMArrayType::get(builder.getI64Type(), table.size());
  return LLVM::GlobalOp::create(builder, loc, type, /*isConstant=*/true, LLVM::Linkage::Internal,
                                name, DenseElementsAttr::get(words, table));
}

Value IrSite::lookUp(ArrayRef<uint64_t> table, Value index) const {
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Type word = builder.getI64Type();
  Value base = LLVM::AddressOfOp::create(builder, loc, tableOf(builder, loc, table));
  auto vector = dyn_cast<VectorType>(index.getType());
  if (!vector) {
    Value place =
        LLVM::GEPOp::create(builder, loc, pointer, word, base, ArrayRef<LLVM::GEPArg>{index});
    return LLVM::LoadOp::create(builder, loc, word, place, 8);
  }
  Value places = LLVM::GEPOp::create(builder, loc, VectorType::get(vector.getShape(), pointer),
                                     word, base, ArrayRef<LLVM::GEPArg>{index});
  Value all = integer(withElement(vector, builder.getI1Type()), 1);
  return LLVM::masked_gather::create(builder, loc, vector, places, all,
                                     ValueRange{integer(vector, 0)}, 8);
}

} // namespace einfall::codegen
