//===- einfall-opt.cpp - Runs passes one at a time, or phases -------------===//
#include "codegen/common/Passes.h"
#include "codegen/cpu/Passes.h"
#include "codegen/nvptx/Passes.h"
#include "lib/Driver/Compile.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"
#include "passes/ein-to-tile/Passes.h"
#include "passes/ein/Passes.h"
#include "passes/run/Passes.h"
#include "passes/tile/Passes.h"
#include "passes/verify/Passes.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace llvm;

static cl::OptionCategory category("einfall phases");
static cl::opt<std::string> compileTo("compile-to", cl::cat(category), cl::value_desc("phase"),
                                      cl::desc("run all phases up to this one"));
static cl::opt<std::string> compileFrom("compile-from", cl::cat(category), cl::init("input"),
                                        cl::value_desc("phase"),
                                        cl::desc("the phase that the input has been through"));
static cl::opt<std::string> dumpPhases("dump-phases-to", cl::cat(category),
                                       cl::value_desc("folder"),
                                       cl::desc("write the module after each phase"));
static cl::opt<std::string> target("target", cl::cat(category), cl::init("native"),
                                   cl::desc("the CPU or GPU that phases compile for"));

/// Makes the phases the pipeline if --compile-to names one.
static mlir::LogicalResult usePhases(mlir::MlirOptMainConfig &config) {
  if (compileTo.empty())
    return mlir::success();
  auto fail = [](const Twine &message) { errs() << "einfall-opt: error: " << message << '\n'; };
  std::optional<einfall::PipelineOptions> phases =
      einfall::parsePipeline({target, compileFrom, compileTo, dumpPhases}, fail);
  if (!phases)
    return mlir::failure();
  config.setPassPipelineSetupFn([phases](mlir::PassManager &passes) {
    einfall::buildPipeline(passes, *phases);
    return mlir::success();
  });
  return mlir::success();
}

static mlir::LogicalResult runMain(StringRef input, StringRef output,
                                   mlir::DialectRegistry &registry) {
  mlir::MlirOptMainConfig config = mlir::MlirOptMainConfig::createFromCLOptions();
  if (failed(usePhases(config)))
    return mlir::failure();
  std::string message;
  auto file = mlir::openInputFile(input, &message);
  auto out = file ? mlir::openOutputFile(output, &message) : nullptr;
  if (!out) {
    errs() << "einfall-opt: error: " << message << '\n';
    return mlir::failure();
  }
  if (failed(mlir::MlirOptMain(out->os(), std::move(file), registry, config)))
    return mlir::failure();
  out->keep();
  return mlir::success();
}

int main(int argc, char **argv) {
  InitLLVM init(argc, argv);
  mlir::DialectRegistry registry;
  einfall::registerCompilerDialects(registry);
  mlir::registerTransformsPasses();
  einfall::verify::registerEinfallVerifyPasses();
  einfall::ein::registerEinPasses();
  einfall::registerEinToTilePasses();
  einfall::run::registerRunPasses();
  einfall::tile::registerTilePasses();
  einfall::codegen::registerCommonPasses();
  einfall::cpu::registerCpuPasses();
  einfall::nvptx::registerNvptxPasses();
  einfall::registerPipelines();
  auto [input, output] = mlir::registerAndParseCLIOptions(
      argc, argv, "Einfall: cascades of Einsums, one pass at a time\n", registry);
  return mlir::asMainReturnCode(runMain(input, output, registry));
}
