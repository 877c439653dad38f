// RUN: einfall-opt %s | einfall-opt | FileCheck %s
// RUN: einfall-opt %s --mlir-print-op-generic | einfall-opt | FileCheck %s

func.func private @add(memref<?xf32>, memref<?xf32>, memref<?xf32>, index, index) attributes {tile.program}

// CHECK-LABEL: run.entry @step(
// CHECK-SAME: %{{.*}}: !run.buffer<[b, s], f32> {run.name = "x"}
// CHECK-SAME: %{{.*}}: !run.buffer<[b], i64> {run.name = "ids", run.range = [0, 4]}
// CHECK-SAME: %{{.*}}: !run.buffer<[b, s], f32> {run.name = "x", run.output}
// CHECK-SAME: attributes {params = ["t"], symbols = ["b", "s", "t", "c"]}
run.entry @step(%x: !run.buffer<[b, s], f32> {run.name = "x"}, %i: !run.buffer<[b], i64> {run.name = "ids", run.range = [0, 4]},
                %y: !run.buffer<[b, s], f32> {run.name = "x", run.output})
    attributes {symbols = ["b", "s", "t", "c"], params = ["t"]} {
  // CHECK: run.assume <c - t>
  run.assume <c - t>
  // CHECK: run.weight "model.norm.weight" : !run.buffer<[4], bf16>
  %w = run.weight "model.norm.weight" : !run.buffer<[4], bf16>
  // CHECK: run.constant dense<1.000000e+00> : tensor<f32> : !run.buffer<[], f32>
  %one = run.constant dense<1.0> : tensor<f32> : !run.buffer<[], f32>
  // CHECK: run.state "k0" : !run.buffer<[b, c], f32>
  %k = run.state "k0" : !run.buffer<[b, c], f32>
  // CHECK: run.alloc "sum" : !run.buffer<[b, s], f32>
  %u = run.alloc "sum" : !run.buffer<[b, s], f32>
  // CHECK: run.alloc "old" alive [0, 1] : !run.buffer<[b, c], f32>
  %o = run.alloc "old" alive [0, 1] : !run.buffer<[b, c], f32>
  // CHECK: run.copy %{{.*}} to %{{.*}} : !run.buffer<[b, c], f32> to !run.buffer<[b, c], f32>
  run.copy %k to %o : !run.buffer<[b, c], f32> to !run.buffer<[b, c], f32>
  // CHECK: run.launch @add(%{{.*}}, %{{.*}}, %{{.*}}) writes [2] sizes [b * s] grid <b * s ceildiv 64> work <64> points <b * s> on "cpu"
  run.launch @add(%x, %o, %y) writes [2] sizes [b * s] grid <b * s ceildiv 64> work <64> points <b * s> on "cpu"
      : !run.buffer<[b, s], f32>, !run.buffer<[b, c], f32>, !run.buffer<[b, s], f32>
}
