//===- Interpret.cpp - Runs functions in the reference interpreter --------===//
#include "lib/Reference/Compare.h"
#include "lib/Reference/Interpreter.h"
#include "lib/Reference/Npy.h"
#include "passes/verify/Passes.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace einfall::verify {
#define GEN_PASS_DEF_EININTERPRET
#include "passes/verify/Passes.h.inc"

namespace {

using Sizes = llvm::MapVector<StringRef, int64_t>;

struct EinInterpret : impl::EinInterpretBase<EinInterpret> {
  using EinInterpretBase::EinInterpretBase;
  void runOnOperation() override;

  LogicalResult runTests(reference::Mode mode);
  LogicalResult runEntry(reference::Mode mode);
  LogicalResult readSizes(Sizes &sizes);
  LogicalResult check(Operation *op, ArrayRef<const reference::Tensor *> operands);
};

} // namespace

static bool holdsChecks(func::FuncOp function) {
  return function
      .walk([](Operation *op) {
        return isa<check::CheckDialect>(op->getDialect()) ? WalkResult::interrupt()
                                                          : WalkResult::advance();
      })
      .wasInterrupted();
}

LogicalResult EinInterpret::check(Operation *op, ArrayRef<const reference::Tensor *> operands) {
  std::string text;
  if (isa<check::ExpectEqOp>(op)) {
    text = reference::differenceExact(*operands[0], *operands[1]);
  } else if (auto close = dyn_cast<check::ExpectCloseOp>(op)) {
    text =
        reference::differenceBeyond(*operands[0], *operands[1], close.getAtol().convertToDouble(),
                                    close.getRtol().convertToDouble());
  } else {
    return op->emitError("the reference interpreter does not know this operation");
  }
  ++numChecks;
  if (text.empty())
    return success();
  ++numFailed;
  op->emitError() << text;
  return success(); // the checks after it run too
}

LogicalResult EinInterpret::runTests(reference::Mode mode) {
  bool failedAny = false;
  getOperation().walk([&](func::FuncOp function) {
    if (function.getNumArguments() || !holdsChecks(function))
      return;
    SmallVector<std::pair<StringRef, int64_t>> sizes;
    if (auto given = function->getAttrOfType<DictionaryAttr>(check::kParams))
      for (NamedAttribute entry : given)
        if (auto number = dyn_cast<IntegerAttr>(entry.getValue()))
          sizes.push_back({entry.getName().getValue(), number.getInt()});
    auto observer = [&](Operation *op, ArrayRef<const reference::Tensor *> operands) {
      return check(op, operands);
    };
    failedAny |= failed(reference::interpret(function, {}, sizes, mode, observer, splitFolds));
  });
  return success(!failedAny && numFailed == 0);
}

LogicalResult EinInterpret::readSizes(Sizes &sizes) {
  ModuleOp module = getOperation();
  for (const std::string &param : params) {
    auto [name, value] = StringRef(param).split('=');
    int64_t number;
    if (value.getAsInteger(10, number))
      return module.emitError("expected params like t=5, but got '") << param << "'";
    sizes[name] = number;
  }
  SmallString<128> path(inputs);
  llvm::sys::path::append(path, "params.json");
  if (!llvm::sys::fs::exists(path))
    return success();
  auto file = llvm::MemoryBuffer::getFile(path);
  if (!file)
    return module.emitError() << path << ": " << file.getError().message();
  llvm::Expected<llvm::json::Value> json = llvm::json::parse((*file)->getBuffer());
  if (!json)
    return module.emitError() << path << ": " << llvm::toString(json.takeError());
  llvm::json::Object *object = json->getAsObject();
  if (!object)
    return module.emitError() << path << ": expected an object of integers";
  for (auto &[name, value] : *object) {
    std::optional<int64_t> number = value.getAsInteger();
    if (!number)
      return module.emitError() << path << ": '" << StringRef(name) << "' is not an integer";
    sizes.insert({StringAttr::get(&getContext(), StringRef(name)).getValue(), *number});
  }
  return success();
}

LogicalResult EinInterpret::runEntry(reference::Mode mode) {
  auto function = getOperation().lookupSymbol<func::FuncOp>(entry);
  if (!function)
    return getOperation().emitError("there is no function '") << entry << "'";
  auto file = [](StringRef folder, StringRef stem, size_t index) {
    SmallString<128> path(folder);
    llvm::sys::path::append(path, stem + Twine(index) + ".npy");
    return path;
  };
  Sizes sizes;
  if (failed(readSizes(sizes)))
    return failure();
  SmallVector<reference::Tensor> args;
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
    auto tensor = dyn_cast<ein::TensorType>(type);
    if (!tensor)
      return function.emitError("argument #") << i << " is not an ein tensor";
    llvm::Expected<reference::Tensor> arg =
        reference::readNpy(file(inputs, "arg", i), tensor.getElementType(), mode);
    if (!arg)
      return function.emitError("argument #") << i << ": " << llvm::toString(arg.takeError());
    args.push_back(std::move(*arg));
  }
  auto results =
      reference::interpret(function, args, sizes.takeVector(), mode, nullptr, splitFolds);
  if (failed(results))
    return failure();
  StringRef folder = outputs.empty() ? inputs : outputs;
  for (auto [i, result] : llvm::enumerate(*results))
    if (llvm::Error error = reference::writeNpy(file(folder, "result", i), result, mode))
      return function.emitError("result #") << i << ": " << llvm::toString(std::move(error));
  return success();
}

void EinInterpret::runOnOperation() {
  if (mode != "declared" && mode != "f64") {
    getOperation().emitError("expected mode declared or f64, but got '") << mode << "'";
    return signalPassFailure();
  }
  auto chosen = mode == "f64" ? reference::Mode::f64 : reference::Mode::declared;
  if (failed(entry.empty() ? runTests(chosen) : runEntry(chosen)))
    signalPassFailure();
  markAllAnalysesPreserved();
}

} // namespace einfall::verify
