// What each phase runs, in order, with all options. After a change on purpose:
//   for p in input cascade kernels tile run llvm; do
//     ./dev exec einfall-opt --einfall-pipeline-$p=target=x86-64-v3 --dump-pass-pipeline /dev/null
//   done 2>test/pipelines/phases.golden >/dev/null
//
// RUN: einfall-opt --einfall-pipeline-input=target=x86-64-v3 --dump-pass-pipeline /dev/null 2>%t.input
// RUN: einfall-opt --einfall-pipeline-cascade=target=x86-64-v3 --dump-pass-pipeline /dev/null 2>%t.cascade
// RUN: einfall-opt --einfall-pipeline-kernels=target=x86-64-v3 --dump-pass-pipeline /dev/null 2>%t.kernels
// RUN: einfall-opt --einfall-pipeline-tile=target=x86-64-v3 --dump-pass-pipeline /dev/null 2>%t.tile
// RUN: einfall-opt --einfall-pipeline-run=target=x86-64-v3 --dump-pass-pipeline /dev/null 2>%t.run
// RUN: einfall-opt --einfall-pipeline-llvm=target=x86-64-v3 --dump-pass-pipeline /dev/null 2>%t.llvm
// RUN: cat %t.input %t.cascade %t.kernels %t.tile %t.run %t.llvm > %t
// RUN: diff -u %S/phases.golden %t
//
// All of them, with the checks at their boundaries, from and to where one asks.
// RUN: einfall-opt --einfall-pipeline="target=x86-64-v3 from=kernels to=run" --dump-pass-pipeline /dev/null 2>&1 | FileCheck %s
// CHECK: builtin.module(
// CHECK-NEXT: verify-phase{phase=kernels}
// CHECK-NEXT: ein-to-tile
// CHECK: verify-phase{phase=tile}
// CHECK-NEXT: run-from-kernels
// CHECK-NOT: cpu-
// CHECK: verify-phase{phase=run}
//
// On a GPU rings are followed and lowered before anything folds the numbers of their slots.
// RUN: einfall-opt --einfall-pipeline-tile=target=sm_80 --dump-pass-pipeline /dev/null 2>&1 | FileCheck %s --check-prefix=GPU
// GPU: ein-to-tile
// GPU-NEXT: verify-arefs
// GPU-NEXT: tile-lower-aref
// GPU-NEXT: canonicalize
// GPU-NEXT: cse
// GPU-NEXT: tile-simplify-rows
// GPU-NEXT: tile-join-branches
// GPU-NEXT: tile-distribute-warps
//
// RUN: not einfall-opt --einfall-pipeline="from=run to=tile" /dev/null 2>&1 | FileCheck %s --check-prefix=BACK
// BACK: cannot go from phase 'run' back to 'tile'
// RUN: not einfall-opt --compile-to=kernel /dev/null 2>&1 | FileCheck %s --check-prefix=PHASE
// PHASE: there is no phase 'kernel'; there are input, cascade, kernels, tile, run, llvm
// RUN: not einfall-opt --einfall-pipeline-tile=target=pdp11 /dev/null 2>&1 | FileCheck %s --check-prefix=TARGET
// TARGET: unknown target 'pdp11'; there are native, x86-64-v2,
