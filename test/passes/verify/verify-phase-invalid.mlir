// RUN: split-file %s %t
// RUN: not einfall-opt %t/cascade.mlir --verify-phase=phase=cascade 2>&1 | FileCheck %s --check-prefix=CASCADE
// RUN: not einfall-opt %t/cascade.mlir --verify-phase=phase=kernels 2>&1 | FileCheck %s --check-prefix=KERNELS
// RUN: not einfall-opt %t/tile.mlir --verify-phase=phase=kernels 2>&1 | FileCheck %s --check-prefix=LATER
// RUN: not einfall-opt %t/tile.mlir --verify-phase=phase=tile 2>&1 | FileCheck %s --check-prefix=TILE
// RUN: not einfall-opt %t/run.mlir --verify-phase=phase=run 2>&1 | FileCheck %s --check-prefix=HOST
// RUN: not einfall-opt %t/run.mlir --verify-phase=phase=input 2>&1 | FileCheck %s --check-prefix=INPUT
// RUN: not einfall-opt %t/run.mlir --verify-phase=phase=llvm 2>&1 | FileCheck %s --check-prefix=LLVM
// RUN: not einfall-opt %t/run.mlir --verify-phase=phase=lunch 2>&1 | FileCheck %s --check-prefix=UNKNOWN

//--- cascade.mlir
// CASCADE: error: 'ein.view' op is illegal in phase 'cascade': is to be an index of what reads it: ein-simplify-views makes it one
// CASCADE: error: 'ein.kernel' op is illegal in phase 'cascade': belongs to a later phase
// KERNELS: error: 'ein.view' op is illegal in phase 'kernels': is outside of a kernel
// KERNELS-NOT: error
func.func @f(%x: !ein.tensor<[n], f32>) -> (!ein.tensor<[n], f32>, !ein.tensor<[n], f32>) {
  %y = ein.view %x[n - 1 - i] -> [i] : !ein.tensor<[n], f32> -> !ein.tensor<[n], f32>
  %z = ein.kernel "map_0"(%x) : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: !ein.tensor<[n], f32>):
    ein.yield %a : !ein.tensor<[n], f32>
  }
  return %y, %z : !ein.tensor<[n], f32>, !ein.tensor<[n], f32>
}
//--- tile.mlir
// LATER: error: 'func.func' op is illegal in phase 'kernels': belongs to a later phase
// TILE: error: 'ein.kernel' op is illegal in phase 'tile': names no tile program: ein-to-tile writes it
// TILE: error: 'ein.constant' op is illegal in phase 'tile': is part of no tile program
func.func @f(%x: !ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  %z = ein.kernel "map_0"(%x) : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: !ein.tensor<[n], f32>):
    ein.yield %a : !ein.tensor<[n], f32>
  }
  return %z : !ein.tensor<[n], f32>
}
func.func private @p(%n: index) attributes {tile.program} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %c = ein.constant dense<1.0> : tensor<f32> -> !ein.tensor<[], f32>
  }
  return
}
//--- run.mlir
// INPUT: error: 'run.entry' op is illegal in phase 'input': belongs to a later phase
// HOST: error: 'func.func' op is illegal in phase 'run': is part of no host program: run-from-kernels leaves none
// HOST: error: 'run.alloc' op is illegal in phase 'run': has no lifetime: run-plan-memory gives it one
// LLVM: error: 'run.entry' op is illegal in phase 'llvm': has no form in the LLVM dialect
// UNKNOWN: error: there is no phase 'lunch'; there are input, cascade, kernels, tile, run, llvm
func.func @helper() {
  return
}
run.entry @f() attributes {symbols = [], params = []} {
  %t = run.alloc "t" : !run.buffer<[], f32>
}
