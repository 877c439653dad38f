// A pass that refuses an op leaves a file that repeats it, and a line that says how.
// RUN: rm -f %t.repro %t.einf && not einfall-compile %s -o %t.einf --target=x86-64-v3 --reproducer=%t.repro 2>&1 | FileCheck %s
// CHECK: reproducer.mlir:{{.*}}: error: result #0 is the new value of state 'k', but the entry has no argument of that state
// CHECK: einfall-compile: wrote {{.*}}.repro; einfall-opt --run-reproducer {{.*}}.repro repeats the failure
// It holds the pass that failed and the module as it stood before.
// RUN: FileCheck %s --check-prefix=REPRO < %t.repro
// REPRO: ein.kernel
// REPRO: pipeline: "builtin.module(run-from-kernels
// RUN: not einfall-opt --run-reproducer %t.repro 2>&1 | FileCheck %s --check-prefix=AGAIN
// AGAIN: error: result #0 is the new value of state 'k', but the entry has no argument of that state
// No package, and where nothing fails no reproducer.
// RUN: not ls %t.einf
// RUN: einfall-compile %s --compile-to=kernels -o /dev/null --reproducer=%t.repro
// RUN: not ls %t.repro

func.func @f(%x: !ein.tensor<[n], f32>) -> (!ein.tensor<[n], f32> {ein.state = "k"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i], %x[i]) -> [i] : (!ein.tensor<[n], f32>, !ein.tensor<[n], f32>) -> !ein.tensor<[n], f32>
  return %y : !ein.tensor<[n], f32>
}
