//===- einfall-opt.cpp - Runs passes one at a time ------------------------===//
#include "dialects/check/CheckDialect.h"
#include "dialects/ein/EinDialect.h"
#include "dialects/run/RunDialect.h"
#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"
#include "passes/ein-to-tile/Passes.h"
#include "passes/ein/Passes.h"
#include "passes/run/Passes.h"
#include "passes/verify/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry
      .insert<mlir::arith::ArithDialect, mlir::func::FuncDialect, mlir::math::MathDialect,
              mlir::memref::MemRefDialect, mlir::scf::SCFDialect, einfall::ein::EinDialect,
              einfall::check::CheckDialect, einfall::tile::TileDialect, einfall::run::RunDialect>();
  mlir::registerTransformsPasses();
  einfall::verify::registerEinfallVerifyPasses();
  einfall::ein::registerEinPasses();
  einfall::registerEinToTilePasses();
  einfall::run::registerRunPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(
      argc, argv, "Einfall: cascades of Einsums, one pass at a time\n", registry));
}
