//===- EinToTile.cpp - A tile program for every kernel --------------------===//
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinNumerics.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "passes/ein-to-tile/ErrorFlow.h"
#include "passes/ein-to-tile/Inverses.h"
#include "passes/ein-to-tile/KernelLowering.h"
#include "passes/ein-to-tile/NarrowFactors.h"
#include "passes/ein-to-tile/PanelWeights.h"
#include "passes/ein-to-tile/Passes.h"
#include "passes/ein-to-tile/RowWork.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/SHA1.h"

using namespace mlir;

namespace einfall {
#define GEN_PASS_DEF_EINTOTILE
#include "passes/ein-to-tile/Passes.h.inc"

namespace {

/// A short name of what a kernel computes, by which schedules are stored.
std::string digestOf(StringRef key) {
  std::array<uint8_t, 20> hash = llvm::SHA1::hash(llvm::arrayRefFromStringRef(key));
  return llvm::toHex(ArrayRef(hash).take_front(16), /*LowerCase=*/true);
}

/// What a kernel computes as text, without the names around it: kernels of
/// equal text share a program (the layers of a model). Which reads are proven
/// inside depends on the arguments around the kernel, and a program without
/// checks must not serve a kernel that needs them, so that is part of the key. So are
/// numerics: a schedule that was faster under one may not be allowed under another.
std::string keyOf(ein::KernelOp kernel) {
  std::string text;
  llvm::raw_string_ostream os(text);
  kernel->print(os, OpPrintingFlags().useLocalScope());
  text = text.substr(text.find("\"(")); // after the name
  text = text.substr(text.find(')'));
  kernel.getBody().walk([&](Operation *op) {
    if (auto maps = op->getAttrOfType<ArrayAttr>("maps"))
      for (unsigned i = 0, e = maps.size(); i < e; ++i)
        for (bool inside : ein::indicesInside(op, i))
          os << (inside ? 'i' : 'o');
  });
  if (Attribute facts = kernel->getParentOfType<func::FuncOp>()->getAttr("ein.assume"))
    os << facts;
  os << stringifyNumerics(ein::numericsOf(kernel));
  if (ein::KernelOp merger = mergerOf(kernel)) // says how exact states have to be
    os << keyOf(merger);
  return text;
}

/// Where all that a kernel stores has 16 bits, exp and quotients, on a GPU tanh and rsqrt, and on a
/// CPU erf, may be near (codegen/common/math/ExpandElementary.cpp), unless something is decided by
/// them.
void relaxFunctions(ein::KernelOp kernel, const TileTarget &target) {
  if (ein::isStrict(kernel) || !storesHalves(kernel))
    return;
  kernel.walk([&](arith::ArithFastMathInterface op) {
    bool isKnown = isa<math::ExpOp, arith::DivFOp>(op) ||
                   (target.warps ? isa<math::TanhOp, math::RsqrtOp>(op) : isa<math::ErfOp>(op));
    if (isKnown && op->getResult(0).getType().isF32() && flowsSmoothly(op->getResult(0)))
      op->setAttr(op.getFastMathAttrName(),
                  arith::FastMathFlagsAttr::get(op.getContext(), arith::FastMathFlags::afn));
  });
}

/// Of zeros of both signs any is the greatest, where that does not show: two instructions of
/// five do nothing else.
void relaxExtremes(func::FuncOp program) {
  program.walk([](arith::ArithFastMathInterface op) {
    if (isa<arith::MaximumFOp, arith::MinimumFOp>(op))
      op->setAttr(
          op.getFastMathAttrName(),
          arith::FastMathFlagsAttr::get(op.getContext(), op.getFastMathFlagsAttr().getValue() |
                                                             arith::FastMathFlags::nsz));
  });
  program.walk([](tile::ReduceOp op) {
    if (op.getKind() == "max" || op.getKind() == "min")
      op.setEitherZero(true);
  });
}

/// As lowerKernel, by a schedule that was stored. It may come from anywhere: where it does not
/// fit, the kernel and the module are left as they were, and `why` says why. Otherwise the
/// kernel has it.
FailureOr<func::FuncOp> lowerByStored(OpBuilder &builder, ein::KernelOp kernel, StringRef name,
                                      const TileTarget &target, Attribute stored,
                                      std::string &why) {
  bool isJoint = kernel.getPartSizes().size() > 1;
  if (isJoint ? !isa<ArrayAttr>(stored) : !isa<tile::ScheduleAttr>(stored)) {
    why = isJoint ? "expected an array of schedules" : "expected a #tile.schedule";
    return failure();
  }
  // Lowering changes the body on its way, and leaves what it began where it fails.
  Region body;
  IRMapping mapping;
  kernel.getBody().cloneInto(&body, mapping);
  Block *programs = builder.getInsertionBlock();
  Operation *last = &programs->back();
  kernel->setAttr(tile::kSchedule, stored);
  FailureOr<func::FuncOp> lowered = failure();
  {
    ScopedDiagnosticHandler quiet(kernel.getContext(), [&](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
        return failure();
      if (why.empty())
        why = diagnostic.str();
      return success();
    });
    lowered = lowerKernel(builder, kernel, name, target);
  }
  // Not all kinds of kernels look at one.
  bool follows = succeeded(lowered) && (*lowered)->hasAttr(tile::kSchedule);
  if (follows && keepsPanels(kernel, *lowered))
    return lowered;
  if (succeeded(lowered))
    why = follows ? "it leaves weights in panels to other loops" : "such a kernel follows none";
  while (&programs->back() != last)
    programs->back().erase();
  kernel.getBody().takeBody(body);
  kernel->removeAttr(tile::kSchedule);
  builder.setInsertionPointToEnd(programs);
  return failure();
}

/// Writes the program of `kernel` called `name`; by `stored`, a schedule, where that fits, and
/// `follows` says so.
FailureOr<func::FuncOp> lower(OpBuilder &builder, ein::KernelOp kernel, StringRef name,
                              const TileTarget &target, Attribute stored, bool &follows) {
  relaxFunctions(kernel, target);
  if (!target.warps && target.dotBf16 && (target.tilesBf16 || !target.hasSlowPairs()))
    narrowFactors(kernel);
  if (!target.warps)
    splitRowWork(kernel);
  bool isRelaxed = !target.warps && !ein::isStrict(kernel) && hidesZeroSigns(kernel);
  FailureOr<func::FuncOp> lowered = failure();
  follows = false;
  if (stored) {
    std::string why;
    lowered = lowerByStored(builder, kernel, name, target, stored, why);
    follows = succeeded(lowered);
    if (!follows)
      kernel.emitWarning("leaves out the schedule that is stored for it: ") << why;
  }
  if (failed(lowered))
    lowered = lowerKernel(builder, kernel, name, target);
  if (failed(lowered))
    return failure();
  if (isRelaxed)
    relaxExtremes(*lowered);
  if (!target.warps)
    multiplyByInverses(*lowered);
  return lowered;
}

struct EinToTilePass : impl::EinToTileBase<EinToTilePass> {
  using EinToTileBase::EinToTileBase;

  void runOnOperation() override {
    auto hasDot = [&](StringRef element) { return llvm::is_contained(dots, element); };
    TileTarget target;
    target.vectorBytes = vectorBytes;
    target.vectorRegisters = vectorRegisters;
    target.warps = warps;
    target.warpLanes = warpLanes;
    target.localBytes = localBytes;
    target.firstCacheBytes = firstCacheBytes;
    target.cacheBytes = lastCacheBytes;
    target.flops = flops;
    target.dotFlops = dotFlops;
    target.secondRate = secondRate;
    target.memoryRate = memoryRate;
    target.matrixBytes = matrixBytes;
    target.packs = packs;
    target.dotBf16 = hasDot("bf16");
    target.dotI8 = hasDot("i8");
    target.dotI16 = hasDot("i16");
    target.sharesUnits = sharesUnits;
    target.tilesBf16 = llvm::is_contained(tiles, "bf16");
    target.tilesI8 = llvm::is_contained(tiles, "i8");
    llvm::StringMap<FlatSymbolRefAttr> programs;
    llvm::StringSet<> followed; // by digest
    OpBuilder builder(&getContext());
    if (panels) {
      auto tried = [&](ein::KernelOp kernel) {
        builder.setInsertionPointToEnd(getOperation().getBody());
        bool follows;
        return lower(builder, kernel, "tried", target, Attribute(), follows);
      };
      numPanels += panelWeights(getOperation(), target, tried, keyOf);
    }
    SmallVector<ein::KernelOp> kernels;
    getOperation().walk([&](ein::KernelOp kernel) { kernels.push_back(kernel); });
    llvm::scope_exit doneWith([&] { getOperation()->removeAttr(tile::kSchedules); });
    auto tuned = getOperation()->getAttrOfType<DictionaryAttr>(tile::kSchedules);
    for (ein::KernelOp kernel : kernels) {
      std::string key = keyOf(kernel);
      std::string digest = digestOf(key);
      Attribute stored = tuned ? tuned.get(digest) : Attribute();
      if (kernel->hasAttr(tile::kSchedule))
        stored = {};
      FlatSymbolRefAttr &program = programs[key];
      if (!program) {
        std::string name = (kernel.getName() + "_p" + Twine(programs.size() - 1)).str();
        builder.setInsertionPointToEnd(getOperation().getBody());
        bool follows = false;
        FailureOr<func::FuncOp> lowered = lower(builder, kernel, name, target, stored, follows);
        if (failed(lowered))
          return signalPassFailure();
        if (!keepsPanels(kernel, *lowered)) {
          kernel.emitOpError("reads weights in panels as if they were none");
          return signalPassFailure();
        }
        if (follows)
          followed.insert(digest);
        // Programs leave the module to be compiled, so each says it itself.
        if (Attribute numerics = getOperation()->getAttr(ein::kNumerics))
          (*lowered)->setAttr(ein::kNumerics, numerics);
        bool counts = false;
        (*lowered)->walk([&](tile::CountOp) { counts = true; });
        if (counts)
          (*lowered)->setAttr(tile::kCounters, builder.getStringAttr(name));
        program = FlatSymbolRefAttr::get(*lowered);
        ++numPrograms;
      }
      kernel->setAttr("program", program);
      // What the kernel is called does not depend on what it was given.
      kernel->setAttr(tile::kKey, builder.getStringAttr(digest));
      if (stored && followed.contains(digest)) {
        kernel->setAttr(tile::kSchedule, stored); // as the first of these kernels
        ++numTuned;
      }
    }
  }
};

} // namespace
} // namespace einfall
