//===- Optimise.cpp - LLVM's passes over a program ------------------------===//
#include "codegen/common/Optimise.h"
#include "llvm/ADT/Any.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"

namespace einfall::codegen {

// A program is one function: tiles are unrolled and vectors as they were planned, equal values
// are one, nothing is called. So of -O2 what serves calls, memory of the stack, switches and
// vectorisation is left out, and what -O2 repeats without finding more is run once. Loops are not
// unrolled at run time: their bodies are tiles already, and copies of them cost time and room in
// caches, and save none. Short ones are written out before (codegen/cpu/Unroll.cpp): LLVM's pass
// that does it forgets and finds again what is known of all loops for each one. Forms of induction
// variables are looked for, which takes as long: without, causal attention of literal sizes takes
// 1.2 to 1.35 times as long. After loops are rotated, nothing more is moved in front of them until
// values are equal.
static constexpr char kPasses[] =
    "function<eager-inv>("
    "simplifycfg,sroa<modify-cfg>,early-cse<memssa>,"
    "instcombine<max-iterations=1;no-verify-fixpoint>,reassociate,"
    "loop-mssa(licm<no-allowspeculation>,loop-rotate<header-duplication>),"
    "instcombine<max-iterations=1;no-verify-fixpoint>,"
    "loop(indvars),"
    "gvn,sccp,instcombine<max-iterations=1;no-verify-fixpoint>,correlated-propagation,"
    "loop-mssa(licm<allowspeculation>),simplifycfg<hoist-common-insts;sink-common-insts>,"
    "instcombine<max-iterations=1;no-verify-fixpoint>,"
    "simplifycfg<no-keep-loops;hoist-common-insts;sink-common-insts>,"
    "instcombine<max-iterations=1;no-verify-fixpoint>,loop-mssa(licm<allowspeculation>),"
    "div-rem-pairs,simplifycfg)";

namespace {

/// Of -O2, what makes no kernel for a GPU here faster or slower: few change an instruction.
class IdlePasses {
public:
  bool mayRun(llvm::StringRef pass, const llvm::Any &code) {
    auto function = llvm::any_cast<const llvm::Function *>(&code);
    if (pass == "InstCombinePass" && function) {
      // It runs eight times: first, before loops are simplified and behind that it finds something.
      int time = ++combined[*function];
      return time < 3 || time == 5;
    }
    return !llvm::StringSwitch<bool>(pass)
                .Cases({"ADCEPass", "BDCEPass", "ConstraintEliminationPass", "DSEPass"}, true)
                .Cases({"LoopIdiomRecognizePass", "LoopLoadEliminationPass"}, true)
                .Cases({"CalledValuePropagationPass", "MemCpyOptPass", "SCCPPass"}, true)
                .Default(false);
  }

private:
  llvm::DenseMap<const llvm::Function *, int> combined;
};

/// Stores of a single lane of a vector, masked by a constant, are those of an element. LLVM 22 on
/// x86 makes 32 bits of one that was narrowed to 8 or 16.
void storeLoneLanes(llvm::Module &code) {
  for (llvm::Function &function : code)
    for (llvm::Instruction &inst : llvm::make_early_inc_range(llvm::instructions(function))) {
      auto *store = llvm::dyn_cast<llvm::IntrinsicInst>(&inst);
      if (!store || store->getIntrinsicID() != llvm::Intrinsic::masked_store)
        continue;
      llvm::Value *value = store->getArgOperand(0), *pointer = store->getArgOperand(1);
      auto *type = llvm::dyn_cast<llvm::FixedVectorType>(value->getType());
      auto *mask = llvm::dyn_cast<llvm::Constant>(store->getArgOperand(2));
      if (!type || !mask)
        continue;
      llvm::SmallVector<unsigned> lanes;
      for (unsigned lane = 0; lane < type->getNumElements(); ++lane)
        if (llvm::Constant *bit = mask->getAggregateElement(lane); !bit || !bit->isNullValue())
          lanes.push_back(lane);
      if (lanes.size() != 1 || !mask->getAggregateElement(lanes[0])->isOneValue())
        continue;
      llvm::IRBuilder<> builder(store);
      llvm::Type *element = type->getElementType();
      llvm::Value *place = builder.CreateConstInBoundsGEP1_32(element, pointer, lanes[0]);
      llvm::Align align = llvm::commonAlignment(store->getParamAlign(1).valueOrOne(),
                                                lanes[0] * element->getPrimitiveSizeInBits() / 8);
      builder.CreateAlignedStore(builder.CreateExtractElement(value, lanes[0]), place, align);
      store->eraseFromParent();
    }
}

} // namespace

void optimise(llvm::Module &code, llvm::TargetMachine &machine) {
  llvm::PipelineTuningOptions tuning;
  // The tile program is vectorised as it was planned.
  tuning.LoopVectorization = false;
  tuning.SLPVectorization = false;
  IdlePasses idle;
  llvm::PassInstrumentationCallbacks callbacks;
  llvm::PassBuilder builder(&machine, tuning, std::nullopt, &callbacks);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager graphs;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graphs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graphs, modules);
  llvm::ModulePassManager passes;
  // A GPU needs what -O2 unrolls at run time, whose loads are on their way together: products in
  // f32 take two thirds of the time.
  if (machine.getTargetTriple().isNVPTX()) {
    passes = builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2);
    callbacks.registerShouldRunOptionalPassCallback(
        [&](llvm::StringRef pass, llvm::Any code) { return idle.mayRun(pass, code); });
  } else { // the text is this file's own
    llvm::cantFail(builder.parsePassPipeline(passes, kPasses));
  }
  passes.run(code, modules);
  if (machine.getTargetTriple().isX86())
    storeLoneLanes(code);
}

/// Additions, products and addresses in a function from which on they are too many: passes that
/// compare each with those before it take a quarter of all, and save next to nothing.
static constexpr int64_t kManyAddresses = 900;

static bool isAddress(const llvm::Instruction &inst) {
  switch (inst.getOpcode()) {
  case llvm::Instruction::Add:
  case llvm::Instruction::Sub:
  case llvm::Instruction::Mul:
  case llvm::Instruction::Shl:
  case llvm::Instruction::GetElementPtr:
    return true;
  default:
    return false;
  }
}

GeneratorPasses::GeneratorPasses(const llvm::Module &code)
    : isGpu(code.getTargetTriple().isNVPTX()) {
  for (const llvm::Function &function : code)
    if (llvm::count_if(llvm::instructions(function), isAddress) > kManyAddresses)
      tooMany = true;
}

bool GeneratorPasses::shouldRunPass(llvm::StringRef pass, llvm::StringRef) const {
  if (pass == "slsr")
    return !isGpu && !tooMany;
  return !tooMany || pass != "nary-reassociate";
}

} // namespace einfall::codegen
