//===- Unroller.cpp - From values of tiles to values of registers ---------===//
#include "codegen/common/Unroller.h"
#include "codegen/common/Held.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace einfall::codegen {

unsigned alignmentOf(Type unit) {
  Type element = getElementTypeOrSelf(unit);
  return std::max(1u, element.isIndex() ? 8 : element.getIntOrFloatBitWidth() / 8);
}

Value combine(OpBuilder &builder, Location loc, StringRef kind, Value a, Value b) {
  auto make = [&](auto real, auto integer) -> Value {
    if (isa<FloatType>(getElementTypeOrSelf(a.getType())))
      return decltype(real)::create(builder, loc, a, b);
    return decltype(integer)::create(builder, loc, a, b);
  };
  if (kind == "mul")
    return make(arith::MulFOp(), arith::MulIOp());
  if (kind == "max")
    return make(arith::MaximumFOp(), arith::MaxSIOp());
  if (kind == "min")
    return make(arith::MinimumFOp(), arith::MinSIOp());
  if (kind == "or")
    return arith::OrIOp::create(builder, loc, a, b);
  if (kind == "and")
    return arith::AndIOp::create(builder, loc, a, b);
  return make(arith::AddFOp(), arith::AddIOp());
}

Value identityOf(OpBuilder &builder, Location loc, StringRef kind, Type type) {
  bool real = isa<FloatType>(type);
  using arith::AtomicRMWKind;
  auto number = llvm::StringSwitch<AtomicRMWKind>(kind)
                    .Case("mul", real ? AtomicRMWKind::mulf : AtomicRMWKind::muli)
                    .Case("max", real ? AtomicRMWKind::maximumf : AtomicRMWKind::maxs)
                    .Case("min", real ? AtomicRMWKind::minimumf : AtomicRMWKind::mins)
                    .Case("or", AtomicRMWKind::ori)
                    .Case("and", AtomicRMWKind::andi)
                    .Default(real ? AtomicRMWKind::addf : AtomicRMWKind::addi);
  // 0 and not -0, which a sum of nothing is not.
  TypedAttr attr = number == AtomicRMWKind::addf
                       ? TypedAttr(builder.getZeroAttr(type))
                       : arith::getIdentityValueAttr(number, type, builder, loc);
  return arith::ConstantOp::create(builder, loc, attr);
}

Value Unroller::i64(Value index) {
  return arith::IndexCastOp::create(builder, loc, builder.getI64Type(), index);
}

Value Unroller::offsetAt(Value base, ArrayRef<int64_t> place, ValueRange strides) {
  Value offset = one(base);
  for (auto [at, stride] : llvm::zip(place, strides)) {
    if (at == 0)
      continue;
    Value factor = arith::ConstantIndexOp::create(builder, loc, at);
    Value step = builder.createOrFold<arith::MulIOp>(loc, one(stride), factor);
    offset = builder.createOrFold<arith::AddIOp>(loc, offset, step);
  }
  return offset;
}

void Unroller::guarded(Value condition, function_ref<void()> write) {
  auto guard = scf::IfOp::create(builder, loc, condition, /*withElse=*/false);
  OpBuilder::InsertionGuard restore(builder);
  builder.setInsertionPointToStart(guard.thenBlock());
  write();
}

Value Unroller::guarded(Value condition, Type type, function_ref<Value()> read) {
  auto guard = scf::IfOp::create(builder, loc, TypeRange(type), condition, true);
  OpBuilder::InsertionGuard restore(builder);
  builder.setInsertionPointToStart(guard.thenBlock());
  scf::YieldOp::create(builder, loc, ValueRange{read()});
  builder.setInsertionPointToStart(guard.elseBlock());
  scf::YieldOp::create(builder, loc, ValueRange{zero(type)});
  return guard.getResult(0);
}

Value Unroller::zero(Type type) {
  return arith::ConstantOp::create(builder, loc, type, builder.getZeroAttr(type));
}

void Unroller::constant(arith::ConstantOp op) {
  auto [count, type] = unitsOf(op.getType());
  TypedAttr unit = op.getValue();
  if (auto dense = dyn_cast<SplatElementsAttr>(op.getValue()))
    unit = cast<TypedAttr>(dense.getSplatValue<Attribute>());
  if (isNarrowFloat(unit.getType())) {
    APInt bits = cast<FloatAttr>(unit).getValue().bitcastToAPInt();
    unit = builder.getIntegerAttr(heldType(unit.getType()), bits);
  }
  if (auto vector = dyn_cast<VectorType>(type))
    unit = DenseElementsAttr::get(vector, Attribute(unit));
  Value value = arith::ConstantOp::create(builder, loc, unit);
  map[op.getResult()].assign(count, value);
}

void Unroller::generic(Operation &op) {
  int64_t count = op.getNumResults() ? unitsOf(op.getResult(0).getType()).first : 1;
  for (int64_t i = 0; i < count; ++i) {
    SmallVector<Value> operands;
    for (Value operand : op.getOperands())
      operands.push_back(map.lookup(operand)[i]);
    for (auto [result, value] : llvm::zip(op.getResults(), applyHeld(builder, loc, op, operands)))
      map[result].push_back(value);
  }
}

SmallVector<Type> Unroller::typesOf(TypeRange types) const {
  SmallVector<Type> out;
  for (Type type : types) {
    auto [count, unit] = unitsOf(type);
    out.append(count, unit);
  }
  return out;
}

Units Unroller::allOf(ValueRange values) {
  Units all;
  for (Value value : values)
    llvm::append_range(all, map.lookup(value));
  return all;
}

void Unroller::assign(ValueRange from, ValueRange to) {
  unsigned next = 0;
  for (Value value : from) {
    auto part = to.slice(next, unitsOf(value.getType()).first);
    map[value].assign(part.begin(), part.end());
    next += part.size();
  }
}

LogicalResult Unroller::fill(Block &from, Block *to) {
  if (!to->empty() && to->back().hasTrait<OpTrait::IsTerminator>())
    to->back().erase();
  builder.setInsertionPointToEnd(to);
  return block(from);
}

LogicalResult Unroller::loop(scf::ForOp op) {
  Units init = allOf(op.getInitArgs());
  auto made = scf::ForOp::create(builder, loc, one(op.getLowerBound()), one(op.getUpperBound()),
                                 one(op.getStep()), init);
  if (op->hasAttr(tile::kWrittenOut) || !mayUnroll(op)) { // lowering to LLVM takes it along
    MLIRContext *context = op.getContext();
    auto no = LLVM::LoopUnrollAttr::get(context, builder.getBoolAttr(true), {}, {}, {}, {}, {}, {});
    made->setAttr("loop_annotation",
                  LLVM::LoopAnnotationAttr::get(context, {}, {}, {}, no, {}, {}, {}, {}, {}, {}, {},
                                                {}, {}, {}, {}));
  }
  map[op.getInductionVar()] = {made.getInductionVar()};
  assign(op.getRegionIterArgs(), made.getRegionIterArgs());
  OpBuilder::InsertionGuard guard(builder);
  if (failed(fill(*op.getBody(), made.getBody())))
    return failure();
  assign(op.getResults(), made.getResults());
  return success();
}

LogicalResult Unroller::loop(scf::WhileOp op) {
  Units init = allOf(op.getInits());
  SmallVector<Type> types = typesOf(op.getResultTypes());
  auto made = scf::WhileOp::create(builder, loc, types, init);
  OpBuilder::InsertionGuard guard(builder);
  for (auto [from, to] : llvm::zip(op->getRegions(), made->getRegions())) {
    SmallVector<Type> arguments = typesOf(from.getArgumentTypes());
    SmallVector<Location> locations(arguments.size(), loc);
    Block *body = builder.createBlock(&to, {}, arguments, locations);
    assign(from.getArguments(), body->getArguments());
    if (failed(fill(from.front(), body)))
      return failure();
  }
  assign(op.getResults(), made.getResults());
  return success();
}

LogicalResult Unroller::branch(scf::IfOp op) {
  SmallVector<Type> types = typesOf(op.getResultTypes());
  bool otherwise = !op.getElseRegion().empty();
  auto made = scf::IfOp::create(builder, loc, types, one(op.getCondition()), otherwise);
  OpBuilder::InsertionGuard guard(builder);
  for (auto [from, to] : llvm::zip(op->getRegions(), made->getRegions())) {
    if (from.empty())
      continue;
    if (to.empty())
      to.emplaceBlock();
    if (failed(fill(from.front(), &to.front())))
      return failure();
  }
  assign(op.getResults(), made.getResults());
  return success();
}

LogicalResult Unroller::tileOp(Operation &op) {
  if (failed(check(op)))
    return failure();
  LogicalResult done = success();
  llvm::TypeSwitch<Operation *>(&op)
      .Case([&](tile::LoadOp op) { load(op); })
      .Case([&](tile::GatherOp op) { gather(op); })
      .Case([&](tile::StoreOp op) { store(op); })
      .Case([&](tile::ScatterOp op) { scatter(op); })
      .Case([&](tile::BroadcastOp op) { broadcast(op); })
      .Case([&](tile::ReduceOp op) { reduce(op); })
      .Case([&](tile::IotaOp op) { iota(op); })
      .Case([&](tile::LocalOp op) { local(op); })
      .Default([&](Operation *op) { done = special(*op); });
  return done;
}

LogicalResult Unroller::op(Operation &op) {
  loc = op.getLoc();
  if (isa<tile::TileDialect>(op.getDialect()))
    return tileOp(op);
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return this->loop(loop);
  if (auto branch = dyn_cast<scf::IfOp>(op))
    return this->branch(branch);
  if (auto loop = dyn_cast<scf::WhileOp>(op))
    return this->loop(loop);
  if (auto condition = dyn_cast<scf::ConditionOp>(op)) {
    scf::ConditionOp::create(builder, loc, one(condition.getCondition()),
                             allOf(condition.getArgs()));
  } else if (auto yield = dyn_cast<scf::YieldOp>(op)) {
    scf::YieldOp::create(builder, loc, allOf(yield.getOperands()));
  } else if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    this->constant(constant);
  } else if (!isa<func::ReturnOp>(op)) {
    if (op.getNumRegions() != 0)
      return op.emitOpError("has no form in registers");
    generic(op);
  }
  return success();
}

LogicalResult Unroller::block(Block &block) {
  for (Operation &inner : block)
    if (failed(op(inner)))
      return failure();
  return success();
}

} // namespace einfall::codegen
