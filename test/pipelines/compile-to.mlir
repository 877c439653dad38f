// Phase by phase gives what all at once gives.
// RUN: einfall-opt %s --compile-to=run --target=x86-64-v3 > %t.once
// RUN: einfall-opt %s --compile-to=cascade --target=x86-64-v3 \
// RUN:   | einfall-opt --compile-from=cascade --compile-to=kernels --target=x86-64-v3 \
// RUN:   | einfall-opt --compile-from=kernels --compile-to=tile --target=x86-64-v3 \
// RUN:   | einfall-opt --compile-from=tile --compile-to=run --target=x86-64-v3 > %t.steps
// RUN: diff %t.once %t.steps
// RUN: einfall-compile %s --compile-to=run --target=x86-64-v3 -o %t.tool
// RUN: diff %t.once %t.tool

// Each phase leaves a file that the next one starts from.
// RUN: rm -rf %t.dump %t.opt && einfall-compile %s --dump-phases-to=%t.dump --target=x86-64-v3 -o %t.einf
// RUN: ls %t.dump | FileCheck %s --check-prefix=FILES
// FILES: x86-64-v3.0-input.mlir
// FILES-NEXT: x86-64-v3.1-cascade.mlir
// FILES-NEXT: x86-64-v3.2-kernels.mlir
// FILES-NEXT: x86-64-v3.3-tile.mlir
// FILES-NEXT: x86-64-v3.4-run.mlir
// FILES-NEXT: x86-64-v3.5-llvm.mlir
// RUN: diff %t.once %t.dump/x86-64-v3.4-run.mlir
// RUN: einfall-opt %s --compile-to=llvm --target=x86-64-v3 --dump-phases-to=%t.opt -o /dev/null
// RUN: diff %t.once %t.opt/4-run.mlir
// RUN: FileCheck %s --check-prefix=LLVM < %t.opt/5-llvm.mlir
// LLVM-DAG: llvm.func hidden @reduce_0_p0
// LLVM-DAG: llvm.func @einf_entry_f

// Of a GPU the last phase is its kernels.
// RUN: einfall-compile %s --compile-to=llvm --target=sm_90a -o - | FileCheck %s --check-prefix=GPU
// RUN: einfall-compile %s --dump-phases-to=%t.gpu --target=sm_90a -o %t.gpu.einf && ls %t.gpu | FileCheck %s --check-prefix=GPUFILES
// GPU-NOT: run.entry
// GPU: llvm.func {{.*}}@reduce_0_p0
// GPUFILES: sm_90a.4-run.mlir
// GPUFILES-NEXT: sm_90a.5-llvm.mlir

// A package starts from any phase before code, and names the user's lines if the file has them. Only its report knows
// less: what the phases before decided.
// RUN: einfall-opt %s --compile-to=kernels --target=x86-64-v3 --mlir-print-debuginfo -o %t.kernels.mlir
// RUN: einfall-compile %t.kernels.mlir --compile-from=kernels --target=x86-64-v3 -o %t.2.einf
// RUN: rm -rf %t.one %t.two && python3 -m zipfile -e %t.einf %t.one && python3 -m zipfile -e %t.2.einf %t.two
// RUN: rm %t.one/report.json %t.two/report.json && diff -r %t.one %t.two
// RUN: not einfall-compile %t.opt/5-llvm.mlir --compile-from=llvm --target=x86-64-v3 -o %t.3.einf 2>&1 | FileCheck %s --check-prefix=LATE
// LATE: a package is made from phase 'run' or one before, not from 'llvm'

// What a phase does not allow is told at its start too.
// RUN: not einfall-opt %s --compile-from=kernels --compile-to=run --target=x86-64-v3 2>&1 | FileCheck %s --check-prefix=ILLEGAL
// ILLEGAL: compile-to.mlir:{{.*}}: error: 'ein.einsum' op is illegal in phase 'kernels': is outside of a kernel

func.func @f(%x: !ein.tensor<[n, 64], f32>) -> !ein.tensor<[n], f32> attributes {ein.entry} {
  %y = ein.einsum (%x[i, j], %x[i, j]) -> [i] reduce [j: add] : (!ein.tensor<[n, 64], f32>, !ein.tensor<[n, 64], f32>) -> !ein.tensor<[n], f32>
  return %y : !ein.tensor<[n], f32>
}
