// RUN: einfall-opt %s --pass-pipeline='builtin.module(run.entry(run-plan-memory))' | FileCheck %s

// CHECK-LABEL: run.entry @chain
run.entry @chain(%x: !run.buffer<[n], f32> {run.name = "x"}, %y: !run.buffer<[n], f32> {run.name = "y", run.output})
    attributes {symbols = ["n"], params = []} {
  // Used by two steps, by one, by none.
  // CHECK: run.alloc "a" alive [0, 2]
  // CHECK-NEXT: run.alloc "b" alive [1, 1]
  // CHECK-NOT: run.alloc "c"
  %a = run.alloc "a" : !run.buffer<[n], f32>
  %b = run.alloc "b" : !run.buffer<[n], f32>
  %c = run.alloc "c" : !run.buffer<[n], f32>
  run.copy %x to %a : !run.buffer<[n], f32> to !run.buffer<[n], f32>
  run.copy %x to %b : !run.buffer<[n], f32> to !run.buffer<[n], f32>
  run.copy %a to %y : !run.buffer<[n], f32> to !run.buffer<[n], f32>
}
