//===- Unroll.cpp - Tile programs as vector code --------------------------===//
#include "codegen/cpu/Unroll.h"
#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include "llvm/ADT/STLExtras.h"
#include <utility>

using namespace mlir;

namespace einfall::cpu {
namespace {

using Units = SmallVector<Value>;

/// How a tile type lies in registers.
struct Shape {
  SmallVector<int64_t> lead; // unrolled dimensions
  int64_t lanes = 0;         // 0: scalars
  Type unit;                 // type of one register
  int64_t count = 1;

  explicit Shape(Type type) : unit(type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor)
      return;
    lead.assign(tensor.getShape().begin(), tensor.getShape().end());
    unit = tensor.getElementType();
    if (tile::hasLanes(type)) {
      lanes = lead.pop_back_val();
      unit = VectorType::get(lanes, unit);
    }
    for (int64_t size : lead)
      count *= size;
  }
  SmallVector<int64_t> place(int64_t number) const {
    SmallVector<int64_t> at(lead.size());
    for (int64_t i = lead.size(); i-- > 0; number /= lead[i])
      at[i] = number % lead[i];
    return at;
  }
};

/// How a register lies in memory. 16-bit floats move as integers: without
/// instructions of their own LLVM would take them apart, through f32 and calls.
Type memoryType(Type unit) {
  Type element = getElementTypeOrSelf(unit);
  if (!element.isBF16() && !element.isF16())
    return unit;
  Type bits = IntegerType::get(unit.getContext(), 16);
  if (auto vector = dyn_cast<VectorType>(unit))
    return VectorType::get(vector.getShape(), bits);
  return bits;
}

class Unroller {
public:
  explicit Unroller(OpBuilder &builder) : builder(builder) {}
  LogicalResult block(Block &block);
  DenseMap<Value, Units> map;

private:
  LogicalResult op(Operation &op);
  void load(tile::LoadOp op);
  void gather(tile::GatherOp op);
  void store(tile::StoreOp op);
  void scatter(tile::ScatterOp op);
  void broadcast(tile::BroadcastOp op);
  void reduce(tile::ReduceOp op);
  LogicalResult loop(scf::ForOp op);
  LogicalResult branch(scf::IfOp op);
  void constant(arith::ConstantOp op);
  void generic(Operation &op);

  Value one(Value value) { return map.lookup(value).front(); }
  Value i64(Value index) {
    return arith::IndexCastOp::create(builder, loc, builder.getI64Type(), index);
  }
  Value address(Value buffer, Type element, Value offset) {
    auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
    return LLVM::GEPOp::create(builder, loc, pointer, element, one(buffer),
                               ArrayRef<LLVM::GEPArg>{i64(offset)});
  }
  /// offset + sum of place * strides.
  Value offsetAt(Value base, ArrayRef<int64_t> place, ValueRange strides) {
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
  Value lanesBelow(Value limit, int64_t lanes) {
    auto type = VectorType::get(lanes, builder.getI64Type());
    SmallVector<int64_t> numbers = llvm::to_vector(llvm::seq<int64_t>(0, lanes));
    Value lane = arith::ConstantOp::create(
        builder, loc, DenseElementsAttr::get(type, ArrayRef<int64_t>(numbers)));
    Value bound = vector::BroadcastOp::create(builder, loc, type, i64(one(limit)));
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, lane, bound);
  }
  /// Which lanes of each register are moved: below `limit` and where `where`
  /// holds. Empty: all of them.
  Units masksOf(Value limit, Value where, const Shape &shape) {
    Units masks;
    if (where)
      masks = map.lookup(where);
    if (!limit)
      return masks;
    Value below = lanesBelow(limit, shape.lanes);
    masks.resize(shape.count, below);
    if (where)
      for (Value &mask : masks)
        mask = arith::AndIOp::create(builder, loc, mask, below);
    return masks;
  }
  /// Runs `write` if `condition` holds.
  void guarded(Value condition, function_ref<void()> write) {
    auto guard = scf::IfOp::create(builder, loc, condition, /*withElse=*/false);
    OpBuilder::InsertionGuard restore(builder);
    builder.setInsertionPointToStart(guard.thenBlock());
    write();
  }
  /// `read` if `condition` holds, else 0.
  Value guarded(Value condition, Type type, function_ref<Value()> read) {
    auto guard = scf::IfOp::create(builder, loc, TypeRange(type), condition, true);
    OpBuilder::InsertionGuard restore(builder);
    builder.setInsertionPointToStart(guard.thenBlock());
    scf::YieldOp::create(builder, loc, ValueRange{read()});
    builder.setInsertionPointToStart(guard.elseBlock());
    scf::YieldOp::create(builder, loc, ValueRange{zero(type)});
    return guard.getResult(0);
  }
  Value zero(Type type) {
    return arith::ConstantOp::create(builder, loc, type, builder.getZeroAttr(type));
  }
  Value bitcast(Value value, Type type) {
    return value.getType() == type ? value : arith::BitcastOp::create(builder, loc, type, value);
  }
  static unsigned alignmentOf(Type unit) {
    Type element = getElementTypeOrSelf(unit);
    return std::max(1u, element.isIndex() ? 8 : element.getIntOrFloatBitWidth() / 8);
  }

  OpBuilder &builder;
  Location loc = builder.getUnknownLoc();
};

void Unroller::load(tile::LoadOp op) {
  Shape shape(op.getResult().getType());
  Units &units = map[op.getResult()];
  Type unit = std::exchange(shape.unit, memoryType(shape.unit));
  Units masks = masksOf(op.getLimit(), op.getWhere(), shape);
  unsigned align = alignmentOf(shape.unit);
  for (int64_t i = 0; i < shape.count; ++i) {
    Value offset = offsetAt(op.getOffset(), shape.place(i), op.getStrides());
    Value pointer = address(op.getBuffer(), getElementTypeOrSelf(shape.unit), offset);
    auto plain = [&]() -> Value {
      return LLVM::LoadOp::create(builder, loc, shape.unit, pointer, align);
    };
    if (masks.empty())
      units.push_back(plain());
    else if (shape.lanes == 0)
      units.push_back(guarded(masks[i], shape.unit, plain));
    else
      units.push_back(LLVM::MaskedLoadOp::create(builder, loc, shape.unit, pointer, masks[i],
                                                 zero(shape.unit), align));
  }
  for (Value &value : units)
    value = bitcast(value, unit);
}

void Unroller::gather(tile::GatherOp op) {
  Shape shape(op.getResult().getType());
  Units offsets = map.lookup(op.getOffsets()), masks = map.lookup(op.getMask());
  Units &units = map[op.getResult()];
  Type unit = std::exchange(shape.unit, memoryType(shape.unit));
  Type element = getElementTypeOrSelf(shape.unit);
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  unsigned align = alignmentOf(shape.unit);
  for (int64_t i = 0; i < shape.count; ++i) {
    if (shape.lanes == 0) {
      units.push_back(guarded(masks[i], element, [&]() -> Value {
        Value from = address(op.getBuffer(), element, offsets[i]);
        return LLVM::LoadOp::create(builder, loc, element, from, align);
      }));
      continue;
    }
    auto wide = VectorType::get(shape.lanes, builder.getI64Type());
    Value places = arith::IndexCastOp::create(builder, loc, wide, offsets[i]);
    Value pointers =
        LLVM::GEPOp::create(builder, loc, VectorType::get(shape.lanes, pointer), element,
                            one(op.getBuffer()), ArrayRef<LLVM::GEPArg>{places});
    units.push_back(LLVM::masked_gather::create(builder, loc, shape.unit, pointers, masks[i],
                                                ValueRange{zero(shape.unit)}, align));
  }
  for (Value &value : units)
    value = bitcast(value, unit);
}

void Unroller::store(tile::StoreOp op) {
  Shape shape(op.getValue().getType());
  Units units = map.lookup(op.getValue());
  shape.unit = memoryType(shape.unit);
  for (Value &value : units)
    value = bitcast(value, shape.unit);
  Type element = getElementTypeOrSelf(shape.unit);
  unsigned align = alignmentOf(shape.unit);
  Units masks = masksOf(op.getLimit(), op.getWhere(), shape);
  bool contiguous = shape.lanes == 0;
  if (shape.lanes)
    contiguous = isConstantIntValue(one(op.getStrides().back()), 1);
  for (int64_t i = 0; i < shape.count; ++i) {
    Value offset = offsetAt(op.getOffset(), shape.place(i), op.getStrides());
    Value pointer = address(op.getBuffer(), element, offset);
    auto plain = [&] { LLVM::StoreOp::create(builder, loc, units[i], pointer, align); };
    if (contiguous && masks.empty()) {
      plain();
    } else if (shape.lanes == 0) {
      guarded(masks[i], plain);
    } else if (contiguous) {
      LLVM::MaskedStoreOp::create(builder, loc, units[i], pointer, masks[i], align);
    } else {
      auto wide = VectorType::get(shape.lanes, builder.getI64Type());
      SmallVector<int64_t> numbers = llvm::to_vector(llvm::seq<int64_t>(0, shape.lanes));
      Value lane = arith::ConstantOp::create(
          builder, loc, DenseElementsAttr::get(wide, ArrayRef<int64_t>(numbers)));
      Value step =
          vector::BroadcastOp::create(builder, loc, wide, i64(one(op.getStrides().back())));
      Value places = arith::MulIOp::create(builder, loc, lane, step);
      auto type = VectorType::get(shape.lanes, LLVM::LLVMPointerType::get(builder.getContext()));
      Value pointers =
          LLVM::GEPOp::create(builder, loc, type, element, pointer, ArrayRef<LLVM::GEPArg>{places});
      auto bits = VectorType::get(shape.lanes, builder.getI1Type());
      Value where = masks.empty() ? arith::ConstantOp::create(builder, loc,
                                                              DenseElementsAttr::get(bits, true))
                                  : masks[i];
      LLVM::masked_scatter::create(builder, loc, units[i], pointers, where, align);
    }
  }
}

void Unroller::scatter(tile::ScatterOp op) {
  Shape shape(op.getValue().getType());
  Units units = map.lookup(op.getValue()), offsets = map.lookup(op.getOffsets());
  Units masks = map.lookup(op.getMask());
  shape.unit = memoryType(shape.unit);
  Type element = getElementTypeOrSelf(shape.unit);
  unsigned align = alignmentOf(shape.unit);
  for (int64_t i = 0; i < shape.count; ++i) {
    Value value = bitcast(units[i], shape.unit);
    if (shape.lanes == 0) {
      guarded(masks[i], [&] {
        Value to = address(op.getBuffer(), element, offsets[i]);
        LLVM::StoreOp::create(builder, loc, value, to, align);
      });
      continue;
    }
    auto wide = VectorType::get(shape.lanes, builder.getI64Type());
    Value places = arith::IndexCastOp::create(builder, loc, wide, offsets[i]);
    auto type = VectorType::get(shape.lanes, LLVM::LLVMPointerType::get(builder.getContext()));
    Value pointers = LLVM::GEPOp::create(builder, loc, type, element, one(op.getBuffer()),
                                         ArrayRef<LLVM::GEPArg>{places});
    LLVM::masked_scatter::create(builder, loc, value, pointers, masks[i], align);
  }
}

void Unroller::broadcast(tile::BroadcastOp op) {
  Shape from(op.getSource().getType()), to(op.getResult().getType());
  Units source = map.lookup(op.getSource());
  if (to.lanes && !from.lanes)
    for (Value &unit : source)
      unit = vector::BroadcastOp::create(builder, loc, VectorType::get(to.lanes, from.unit), unit);
  ArrayRef<int64_t> dims = op.getDims();
  Units &units = map[op.getResult()];
  for (int64_t i = 0; i < to.count; ++i) {
    SmallVector<int64_t> place = to.place(i);
    int64_t number = 0;
    for (auto [size, dim] : llvm::zip(from.lead, dims))
      number = number * size + place[dim];
    units.push_back(source[number]);
  }
}

void Unroller::reduce(tile::ReduceOp op) {
  Units source = map.lookup(op.getSource());
  bool real = isa<FloatType>(getElementTypeOrSelf(op.getSource().getType()));
  auto kind =
      llvm::StringSwitch<vector::CombiningKind>(op.getKind())
          .Case("mul", vector::CombiningKind::MUL)
          .Case("max", real ? vector::CombiningKind::MAXIMUMF : vector::CombiningKind::MAXSI)
          .Case("min", real ? vector::CombiningKind::MINIMUMF : vector::CombiningKind::MINSI)
          .Case("or", vector::CombiningKind::OR)
          .Case("and", vector::CombiningKind::AND)
          .Default(vector::CombiningKind::ADD);
  // The lanes of a sum are already reassociated: a tree costs no more.
  auto flags = real ? arith::FastMathFlags::reassoc : arith::FastMathFlags::none;
  Units &units = map[op.getResult()];
  for (Value unit : source)
    units.push_back(vector::ReductionOp::create(builder, loc, kind, unit, flags));
}

void Unroller::constant(arith::ConstantOp op) {
  Shape shape(op.getType());
  auto dense = dyn_cast<SplatElementsAttr>(op.getValue());
  TypedAttr unit = op.getValue();
  if (dense)
    unit = shape.lanes ? TypedAttr(DenseElementsAttr::get(cast<VectorType>(shape.unit),
                                                          dense.getSplatValue<Attribute>()))
                       : cast<TypedAttr>(dense.getSplatValue<Attribute>());
  Value value = arith::ConstantOp::create(builder, loc, unit);
  map[op.getResult()].assign(shape.count, value);
}

void Unroller::generic(Operation &op) {
  SmallVector<Shape> shapes;
  for (Type type : op.getResultTypes())
    shapes.emplace_back(type);
  int64_t count = shapes.empty() ? 1 : shapes.front().count;
  for (int64_t i = 0; i < count; ++i) {
    OperationState state(loc, op.getName());
    for (Value operand : op.getOperands())
      state.operands.push_back(map.lookup(operand)[i]);
    for (Shape &shape : shapes)
      state.types.push_back(shape.unit);
    state.addAttributes(op.getAttrs());
    Operation *made = builder.create(state);
    for (auto [result, value] : llvm::zip(op.getResults(), made->getResults()))
      map[result].push_back(value);
  }
}

static void appendTypes(TypeRange types, SmallVectorImpl<Type> &out) {
  for (Type type : types) {
    Shape shape(type);
    out.append(shape.count, shape.unit);
  }
}

LogicalResult Unroller::loop(scf::ForOp op) {
  Units init;
  for (Value value : op.getInitArgs())
    llvm::append_range(init, map.lookup(value));
  auto made = scf::ForOp::create(builder, loc, one(op.getLowerBound()), one(op.getUpperBound()),
                                 one(op.getStep()), init);
  auto assign = [&](ValueRange from, ValueRange to) {
    unsigned next = 0;
    for (Value value : from) {
      Shape shape(value.getType());
      auto part = to.slice(next, shape.count);
      map[value].assign(part.begin(), part.end());
      next += shape.count;
    }
  };
  map[op.getInductionVar()] = {made.getInductionVar()};
  assign(op.getRegionIterArgs(), made.getRegionIterArgs());
  OpBuilder::InsertionGuard guard(builder);
  Block *body = made.getBody();
  if (!body->empty() && body->back().hasTrait<OpTrait::IsTerminator>())
    body->back().erase();
  builder.setInsertionPointToEnd(body);
  if (failed(block(*op.getBody())))
    return failure();
  assign(op.getResults(), made.getResults());
  return success();
}

LogicalResult Unroller::branch(scf::IfOp op) {
  SmallVector<Type> types;
  appendTypes(op.getResultTypes(), types);
  bool otherwise = !op.getElseRegion().empty();
  auto made = scf::IfOp::create(builder, loc, types, one(op.getCondition()), otherwise);
  OpBuilder::InsertionGuard guard(builder);
  for (auto [from, to] : llvm::zip(op->getRegions(), made->getRegions())) {
    if (from.empty())
      continue;
    if (to.empty())
      to.emplaceBlock();
    Block *body = &to.front();
    if (!body->empty() && body->back().hasTrait<OpTrait::IsTerminator>())
      body->back().erase();
    builder.setInsertionPointToEnd(body);
    if (failed(block(from.front())))
      return failure();
  }
  unsigned next = 0;
  for (Value result : op.getResults()) {
    auto part = made.getResults().slice(next, Shape(result.getType()).count);
    map[result].assign(part.begin(), part.end());
    next += part.size();
  }
  return success();
}

LogicalResult Unroller::op(Operation &op) {
  loc = op.getLoc();
  if (auto load = dyn_cast<tile::LoadOp>(op))
    this->load(load);
  else if (auto gather = dyn_cast<tile::GatherOp>(op))
    this->gather(gather);
  else if (auto store = dyn_cast<tile::StoreOp>(op))
    this->store(store);
  else if (auto scatter = dyn_cast<tile::ScatterOp>(op))
    this->scatter(scatter);
  else if (auto broadcast = dyn_cast<tile::BroadcastOp>(op))
    this->broadcast(broadcast);
  else if (auto reduce = dyn_cast<tile::ReduceOp>(op))
    this->reduce(reduce);
  else if (auto iota = dyn_cast<tile::IotaOp>(op)) {
    Shape shape(iota.getResult().getType());
    Units &units = map[iota.getResult()];
    if (shape.lanes) {
      auto type = cast<VectorType>(shape.unit);
      SmallVector<int64_t> numbers = llvm::to_vector(llvm::seq<int64_t>(0, shape.lanes));
      Value steps = arith::ConstantOp::create(
          builder, loc, DenseElementsAttr::get(type, ArrayRef<int64_t>(numbers)));
      Value start = vector::BroadcastOp::create(builder, loc, type, one(iota.getStart()));
      units.push_back(arith::AddIOp::create(builder, loc, start, steps));
    } else {
      for (int64_t i = 0; i < shape.count; ++i)
        units.push_back(arith::AddIOp::create(builder, loc, one(iota.getStart()),
                                              arith::ConstantIndexOp::create(builder, loc, i)));
    }
  } else if (auto loop = dyn_cast<scf::ForOp>(op))
    return this->loop(loop);
  else if (auto branch = dyn_cast<scf::IfOp>(op))
    return this->branch(branch);
  else if (auto yield = dyn_cast<scf::YieldOp>(op)) {
    Units values;
    for (Value value : yield.getOperands())
      llvm::append_range(values, map.lookup(value));
    scf::YieldOp::create(builder, loc, values);
  } else if (auto constant = dyn_cast<arith::ConstantOp>(op))
    this->constant(constant);
  else if (!isa<func::ReturnOp>(op)) {
    if (op.getNumRegions() != 0)
      return op.emitOpError("has no vector form");
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

} // namespace

FailureOr<LLVM::LLVMFuncOp> unrollProgram(OpBuilder &builder, func::FuncOp program) {
  Location loc = program.getLoc();
  MLIRContext *context = builder.getContext();
  auto pointer = LLVM::LLVMPointerType::get(context);
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context),
                                          {pointer, builder.getI64Type(), builder.getI64Type()});
  auto kernel = LLVM::LLVMFuncOp::create(builder, loc, program.getName(), type);
  // Kernels are objects of their own; what is linked exports its entries only.
  kernel.setVisibility_(LLVM::Visibility::Hidden);
  if (program.isExternal())
    return kernel;
  OpBuilder::InsertionGuard guard(builder);
  Block *entry = kernel.addEntryBlock(builder);
  builder.setInsertionPointToStart(entry);
  Unroller unroller(builder);
  Block &body = program.front();
  for (BlockArgument argument : body.getArguments().drop_back()) {
    Value slot =
        LLVM::GEPOp::create(builder, loc, pointer, builder.getI64Type(), entry->getArgument(0),
                            ArrayRef<LLVM::GEPArg>{(int32_t)argument.getArgNumber()});
    bool buffer = isa<MemRefType>(argument.getType());
    Value value =
        LLVM::LoadOp::create(builder, loc, buffer ? Type(pointer) : builder.getI64Type(), slot);
    if (!buffer)
      value = arith::IndexCastOp::create(builder, loc, builder.getIndexType(), value);
    unroller.map[argument] = {value};
  }
  auto index = [&](Value value) {
    return arith::IndexCastOp::create(builder, loc, builder.getIndexType(), value);
  };
  Value begin = index(entry->getArgument(1)), end = index(entry->getArgument(2));
  Value step = arith::ConstantIndexOp::create(builder, loc, 1);
  auto blocks = scf::ForOp::create(builder, loc, begin, end, step);
  LLVM::ReturnOp::create(builder, loc, ValueRange());
  builder.setInsertionPointToStart(blocks.getBody());
  unroller.map[body.getArguments().back()] = {blocks.getInductionVar()};
  if (failed(unroller.block(body)))
    return failure();
  return kernel;
}

} // namespace einfall::cpu
