//===- Interpreter.cpp - Running functions --------------------------------===//
#include "lib/Reference/Interpreter.h"
#include "lib/Reference/Context.h"
#include <cmath>

using namespace mlir;

namespace einfall::reference {

namespace {

using Shared = std::shared_ptr<const Tensor>;

/// A run of one function and what it calls.
class Run {
public:
  Run(Mode mode, Observer observer, uint64_t splitFolds)
      : mode(mode), observer(observer), splitFolds(splitFolds) {}

  FailureOr<SmallVector<Shared>> call(Operation *at, func::FuncOp function, ArrayRef<Shared> args,
                                      Params params);

private:
  using Values = llvm::DenseMap<Value, Shared>;
  FailureOr<SmallVector<Shared>> block(Block &block, ArrayRef<Shared> args, const Context &context);
  LogicalResult operation(Operation &op, ArrayRef<Shared> operands,
                          SmallVectorImpl<Shared> &results, const Context &context);
  FailureOr<SmallVector<Shared>> stream(ein::StreamOp op, ArrayRef<Shared> operands,
                                        const Context &context);
  LogicalResult bind(Operation *at, func::FuncOp function, ArrayRef<Shared> args, Context &context);

  Mode mode;
  Observer observer;
  uint64_t splitFolds;
  SmallVector<Operation *> active;
};

} // namespace

/// Binds the symbols that are whole dimensions, then checks all extents.
LogicalResult Run::bind(Operation *at, func::FuncOp function, ArrayRef<Shared> args,
                        Context &context) {
  if (args.size() != function.getNumArguments())
    return at->emitError("'") << function.getName() << "' takes " << function.getNumArguments()
                              << " arguments, but got " << args.size();
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
    auto tensor = dyn_cast<ein::TensorType>(type);
    if (!tensor)
      return at->emitError("'") << function.getName() << "' takes a " << type
                                << ", which is not an ein tensor";
    for (auto [dim, extent] : llvm::enumerate(tensor.getShape())) {
      bool whole = isa<AffineSymbolExpr>(extent.getExpr());
      if (!whole || dim >= args[i]->shape.size())
        continue;
      StringRef name = extent.getSymbols()[0].getValue();
      auto [it, isNew] = context.symbols.try_emplace(name, args[i]->shape[dim]);
      if (!isNew && it->second != args[i]->shape[dim])
        return at->emitError("argument #")
               << i << " of '" << function.getName() << "' has extent '" << name
               << "' = " << args[i]->shape[dim] << " in dimension " << dim << ", but it is "
               << it->second << " elsewhere";
    }
  }
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes()))
    if (failed(context.check(at, *args[i], cast<ein::TensorType>(type),
                             "argument #" + Twine(i) + " of '" + function.getName() + "'")))
      return failure();
  auto assumed = function->getAttrOfType<ArrayAttr>("ein.assume");
  if (!assumed)
    return success();
  for (auto extent : assumed.getAsRange<ein::ExtentAttr>()) {
    FailureOr<int64_t> value = context.extent(at, extent);
    if (failed(value))
      return failure();
    if (*value < 0)
      return at->emitError("'") << function.getName() << "' assumes that '" << extent.str()
                                << "' is at least 0, but it is " << *value;
  }
  return success();
}

FailureOr<SmallVector<Shared>> Run::call(Operation *at, func::FuncOp function,
                                         ArrayRef<Shared> args, Params params) {
  if (function.isDeclaration())
    return at->emitError("'") << function.getName() << "' has no body";
  if (llvm::is_contained(active, function))
    return at->emitError("'") << function.getName() << "' calls itself";
  if (!llvm::hasSingleElement(function.getBody()))
    return function.emitError("expected one block");
  Context context{mode, splitFolds, {}};
  for (auto [name, value] : params)
    context.symbols[name] = value;
  if (failed(bind(at, function, args, context)))
    return failure();
  active.push_back(function);
  FailureOr<SmallVector<Shared>> results = block(function.getBody().front(), args, context);
  active.pop_back();
  return results;
}

FailureOr<SmallVector<Shared>> Run::block(Block &block, ArrayRef<Shared> args,
                                          const Context &context) {
  Values values;
  llvm::DenseMap<Value, unsigned> uses; // that are still to come
  auto define = [&](Value value, Shared tensor) {
    values[value] = std::move(tensor);
    uses[value] = std::distance(value.use_begin(), value.use_end());
  };
  for (auto [argument, tensor] : llvm::zip(block.getArguments(), args))
    define(argument, tensor);
  for (Operation &op : block) {
    SmallVector<Shared> operands, results;
    for (Value operand : op.getOperands()) {
      Shared tensor = values.lookup(operand);
      if (!tensor)
        return op.emitError("uses what is not an ein tensor of this block: ") << operand;
      operands.push_back(tensor);
    }
    // A tensor is let go after its last use.
    for (Value operand : op.getOperands())
      if (--uses[operand] == 0)
        values.erase(operand);
    if (op.hasTrait<OpTrait::IsTerminator>())
      return operands;
    if (failed(operation(op, operands, results, context)))
      return failure();
    for (auto [value, tensor] : llvm::zip(op.getResults(), results))
      define(value, tensor);
  }
  return SmallVector<Shared>();
}

/// One chunk, all of the rank; in parts, one a part, each with its own of what is carried.
FailureOr<SmallVector<Shared>> Run::stream(ein::StreamOp op, ArrayRef<Shared> operands,
                                           const Context &context) {
  Block &body = op.getBody().front();
  if (!op.getPartRank() || op.getNumResults() == 0)
    return block(body, operands, context);
  SmallVector<Tensor> results;
  for (const Shared &start : operands.take_front(op.getNumResults()))
    results.push_back(*start);
  FailureOr<int64_t> length = context.extent(op, *op.getPartLength());
  if (failed(length))
    return failure();
  int64_t parts = 0;
  SmallVector<int64_t> inner; // elements of each result behind its parts
  for (auto [result, now] : llvm::zip(results, body.getTerminator()->getOperands())) {
    auto ranks = now.getDefiningOp()->getAttrOfType<ArrayAttr>("ranks").getValue();
    int64_t place = llvm::find(ranks, op.getPartRankAttr()) - ranks.begin();
    parts = result.shape[place];
    inner.push_back(llvm::product_of(ArrayRef(result.shape).drop_front(place + 1)));
  }
  for (int64_t part = 0; part < parts; ++part) {
    Context own = context;
    own.parts[op.getRank()] = {part * *length, (part + 1) * *length};
    FailureOr<SmallVector<Shared>> made = block(body, operands, own);
    if (failed(made))
      return failure();
    for (auto [result, from, size] : llvm::zip(results, *made, inner))
      for (int64_t at = part * size; at < result.size(); at += parts * size)
        std::copy_n(from->data.begin() + at, size, result.data.begin() + at);
  }
  SmallVector<Shared> shared;
  for (Tensor &result : results)
    shared.push_back(std::make_shared<const Tensor>(std::move(result)));
  return shared;
}

/// A tensor without values: reading an element before it is updated shows.
static FailureOr<Tensor> empty(Operation &op, const Context &context) {
  FailureOr<Tensor> result = context.zeros(&op, cast<ein::TensorType>(op.getResult(0).getType()));
  if (succeeded(result) && result->isFloat())
    result->data.assign(result->data.size(), ofFloat(NAN));
  return result;
}

LogicalResult Run::operation(Operation &op, ArrayRef<Shared> operands,
                             SmallVectorImpl<Shared> &results, const Context &context) {
  SmallVector<const Tensor *> inputs;
  for (const Shared &operand : operands)
    inputs.push_back(operand.get());
  auto keep = [&](FailureOr<Tensor> tensor) -> LogicalResult {
    if (failed(tensor))
      return failure();
    results.push_back(std::make_shared<const Tensor>(std::move(*tensor)));
    return success();
  };
  auto keepTwo = [&](FailureOr<std::pair<Tensor, Tensor>> pair) -> LogicalResult {
    if (failed(pair))
      return failure();
    return success(succeeded(keep(std::move(pair->first))) &&
                   succeeded(keep(std::move(pair->second))));
  };
  auto nested = [&](FailureOr<SmallVector<Shared>> inner) -> LogicalResult {
    if (failed(inner))
      return failure();
    results = std::move(*inner);
    return success();
  };
  auto one = [&](auto inner) { return keep(evaluate(inner, inputs, context)); };
  auto two = [&](auto inner) { return keepTwo(evaluate(inner, inputs, context)); };
  return llvm::TypeSwitch<Operation *, LogicalResult>(&op)
      .Case<ein::EinsumOp, ein::ViewOp, ein::GatherOp, ein::UpdateOp, ein::ScatterOp, ein::ConcatOp,
            ein::ScanOp, ein::ConstantOp>(one)
      .Case<ein::TopKOp, ein::SortOp>(two)
      .Case([&](ein::FoldOp fold) -> LogicalResult {
        FailureOr<SmallVector<Tensor>> tensors = evaluate(fold, inputs, context);
        if (failed(tensors))
          return failure();
        for (Tensor &tensor : *tensors)
          results.push_back(std::make_shared<const Tensor>(std::move(tensor)));
        return success();
      })
      .Case([&](ein::KernelOp kernel) {
        return nested(block(kernel.getBody().front(), operands, context));
      })
      .Case([&](ein::StreamOp inner) { return nested(stream(inner, operands, context)); })
      .Case([](ein::GuardOp) { return success(); })
      .Case([&](func::CallOp callOp) -> LogicalResult {
        auto callee =
            SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(callOp, callOp.getCalleeAttr());
        if (!callee)
          return op.emitError("calls '") << callOp.getCallee() << "', which is not a function";
        // What the callee takes as numbers has the caller's values.
        SmallVector<std::pair<StringRef, int64_t>> params;
        if (auto names = callee->getAttrOfType<ArrayAttr>("ein.params"))
          for (auto name : names.getAsRange<StringAttr>())
            if (auto it = context.symbols.find(name.getValue()); it != context.symbols.end())
              params.push_back({name.getValue(), it->second});
        return nested(call(&op, callee, operands, params));
      })
      .Default([&](Operation *) -> LogicalResult {
        if (op.getName().getStringRef() == "ein.empty")
          return keep(empty(op, context));
        if (observer && op.getNumResults() == 0)
          return observer(&op, inputs);
        return op.emitError("the reference interpreter does not know this operation");
      });
}

FailureOr<SmallVector<Tensor>> interpret(func::FuncOp function, ArrayRef<Tensor> args,
                                         Params params, Mode mode, Observer observer,
                                         uint64_t splitFolds) {
  SmallVector<Shared> shared;
  for (const Tensor &arg : args) // the caller keeps them
    shared.push_back(Shared(std::shared_ptr<void>(), &arg));
  FailureOr<SmallVector<Shared>> results =
      Run(mode, observer, splitFolds).call(function, function, shared, params);
  if (failed(results))
    return failure();
  SmallVector<Tensor> tensors;
  for (const Shared &result : *results)
    tensors.push_back(*result);
  return tensors;
}

} // namespace einfall::reference
