//===- Boundaries.cpp - Why kernels are apart -----------------------------===//
#include "passes/ein/Boundaries.h"
#include "mlir/IR/IRMapping.h"
#include "passes/ein/PassCounts.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::ein {

StringRef nameOf(Boundary::Kind kind) {
  static constexpr StringLiteral names[] = {"pass", "repeated", "shared", "moves", "open"};
  return names[kind];
}

namespace {

/// A function whose kernels are dissolved, and which op came out of which.
class Dissolved {
public:
  explicit Dissolved(func::FuncOp original) : function(original.clone()) {
    for (KernelOp kernel : llvm::to_vector(function->getOps<KernelOp>()))
      dissolve(kernel);
    passes.emplace(*function);
  }

  std::vector<Boundary> boundaries();

private:
  void dissolve(KernelOp kernel);
  Boundary describe(Value tensor, Operation *reader);
  bool endsPass(Value tensor, Operation *reader, Boundary &boundary);
  bool repeats(Value tensor, Operation *reader, Boundary &boundary);

  OwningOpRef<func::FuncOp> function;
  llvm::DenseMap<Operation *, unsigned> kernelOf;
  std::vector<std::string> kernels; // their names
  std::optional<PassTable> passes;
};

void Dissolved::dissolve(KernelOp kernel) {
  Block &body = kernel.getBody().front();
  IRMapping mapping;
  mapping.map(body.getArguments(), kernel.getInputs());
  OpBuilder builder(kernel);
  for (Operation &op : body.without_terminator())
    kernelOf[builder.clone(op, mapping)] = kernels.size();
  for (auto [result, value] : llvm::zip(kernel.getResults(), body.getTerminator()->getOperands()))
    result.replaceAllUsesWith(mapping.lookupOrDefault(value));
  kernels.push_back(kernel.getName().str());
  kernel.erase();
}

/// The theorem: ops of different passes over a rank cannot walk it together.
bool Dissolved::endsPass(Value tensor, Operation *reader, Boundary &boundary) {
  for (auto [i, count] : llvm::enumerate(passes->getCounts())) {
    Moment moment = count.momentOf(tensor);
    unsigned pass = count.passOfOp(reader);
    if (moment.streams || moment.pass == 0 || pass <= moment.pass)
      continue;
    boundary.kind = Boundary::Pass;
    boundary.reason = "known at the end of pass " + std::to_string(moment.pass) + " over '" +
                      passes->rankName(i).str() + "', and read in pass " + std::to_string(pass);
    return true;
  }
  return false;
}

/// True if the reader walks a rank that the tensor does not have: computing it
/// there would do its work again at each of its points.
bool Dissolved::repeats(Value tensor, Operation *reader, Boundary &boundary) {
  std::optional<Space> space = Space::of(reader);
  if (!space)
    return false;
  for (auto [operand, map] : llvm::zip(space->operands, space->maps))
    for (unsigned label = 0; operand == tensor && label < space->labels.size(); ++label) {
      if (map.isFunctionOfDim(label) || space->extents[label].getLiteral() == 1)
        continue;
      boundary.kind = Boundary::Repeated;
      boundary.reason = "read again for each '" + space->labels[label].str() + "' (" +
                        space->extents[label].str() + " of them)";
      return true;
    }
  return false;
}

Boundary Dissolved::describe(Value tensor, Operation *reader) {
  Operation *maker = tensor.getDefiningOp();
  Boundary boundary;
  boundary.producer = kernelOf.lookup(maker);
  boundary.consumer = kernelOf.lookup(reader);
  boundary.tensor = "the result of '" + kernels[boundary.producer] + "'";
  if (auto name = maker->getAttrOfType<StringAttr>("ein.name"))
    boundary.tensor = "'" + name.getValue().str() + "'";
  if (endsPass(tensor, reader, boundary) || repeats(tensor, reader, boundary))
    return boundary;
  llvm::SmallDenseSet<unsigned> readers;
  for (Operation *user : tensor.getUsers())
    if (auto it = kernelOf.find(user); it != kernelOf.end())
      readers.insert(it->second);
  if (readers.size() > 1) {
    boundary.kind = Boundary::Shared;
    boundary.reason =
        "read by " + std::to_string(readers.size()) + " kernels, so it is stored once";
    return boundary;
  }
  for (Operation *op : {maker, reader})
    if (!isa<EinsumOp, FoldOp>(op)) {
      boundary.kind = Boundary::Moves;
      boundary.reason = (op == maker ? "made by " : "read by ") +
                        op->getName().getStringRef().str() + ", which has a kernel of its own";
      return boundary;
    }
  boundary.reason = "no rank forbids one kernel for both";
  return boundary;
}

std::vector<Boundary> Dissolved::boundaries() {
  std::vector<Boundary> found;
  for (Operation &reader : function->front()) {
    auto own = kernelOf.find(&reader);
    if (own == kernelOf.end())
      continue;
    for (Value tensor : reader.getOperands()) {
      auto made = kernelOf.find(tensor.getDefiningOp());
      if (!tensor.getDefiningOp() || made == kernelOf.end() || made->second == own->second)
        continue;
      Boundary boundary = describe(tensor, &reader);
      bool known = llvm::any_of(found, [&](const Boundary &other) {
        return other.producer == boundary.producer && other.consumer == boundary.consumer &&
               other.tensor == boundary.tensor;
      });
      if (!known)
        found.push_back(std::move(boundary));
    }
  }
  return found;
}

} // namespace

std::vector<Boundary> findBoundaries(func::FuncOp function) {
  return Dissolved(function).boundaries();
}

} // namespace einfall::ein
