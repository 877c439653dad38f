// RUN: einfall-opt %s --ein-narrow-results --split-input-file | FileCheck %s

// Both readers round: the map does.
// CHECK-LABEL: func.func @both
// CHECK: ein.einsum (%{{.*}}[i, k]) -> [i, k] : (!ein.tensor<[n, 64], f32>) -> !ein.tensor<[n, 64], bf16>
// CHECK: arith.mulf
// CHECK: arith.truncf
// CHECK: ein.einsum {{.*}} reduce
// CHECK-NEXT: ^bb0(%{{.*}}: bf16, %{{.*}}: bf16):
// CHECK-NOT: arith.truncf
// CHECK: return
func.func @both(%x: !ein.tensor<[n, 64], f32>, %w: !ein.tensor<[8, 64], bf16>) -> (!ein.tensor<[n, 8], f32>, !ein.tensor<[n, 64], bf16>) {
  %m = ein.einsum (%x[i, k]) -> [i, k] : (!ein.tensor<[n, 64], f32>) -> !ein.tensor<[n, 64], f32> {
  ^bb0(%a: f32):
    %p = arith.mulf %a, %a : f32
    ein.yield %p : f32
  }
  %y = ein.einsum (%m[i, k], %w[f, k]) -> [i, f] reduce [k: add] : (!ein.tensor<[n, 64], f32>, !ein.tensor<[8, 64], bf16>) -> !ein.tensor<[n, 8], f32> {
  ^bb0(%a: f32, %b: bf16):
    %r = arith.truncf %a : f32 to bf16
    %c = arith.extf %r : bf16 to f32
    %d = arith.extf %b : bf16 to f32
    %p = arith.mulf %c, %d : f32
    ein.yield %p : f32
  }
  %z = ein.einsum (%m[i, k]) -> [i, k] : (!ein.tensor<[n, 64], f32>) -> !ein.tensor<[n, 64], bf16> {
  ^bb0(%a: f32):
    %r = arith.truncf %a : f32 to bf16
    ein.yield %r : bf16
  }
  return %y, %z : !ein.tensor<[n, 8], f32>, !ein.tensor<[n, 64], bf16>
}

// -----
// One reader has it as it is; another type; it is returned; the sum of many is no map.
// CHECK-LABEL: func.func @as_it_is
// CHECK-COUNT-3: -> !ein.tensor<[n, 64], f32>
func.func @as_it_is(%x: !ein.tensor<[n, 64], f32>) -> (!ein.tensor<[n, 64], bf16>, !ein.tensor<[n, 64], f16>, !ein.tensor<[n, 64], f32>) {
  %m = ein.einsum (%x[i, k]) -> [i, k] : (!ein.tensor<[n, 64], f32>) -> !ein.tensor<[n, 64], f32> {
  ^bb0(%a: f32):
    %p = arith.mulf %a, %a : f32
    ein.yield %p : f32
  }
  %y = ein.einsum (%m[i, k]) -> [i, k] : (!ein.tensor<[n, 64], f32>) -> !ein.tensor<[n, 64], bf16> {
  ^bb0(%a: f32):
    %r = arith.truncf %a : f32 to bf16
    ein.yield %r : bf16
  }
  %z = ein.einsum (%m[i, k]) -> [i, k] : (!ein.tensor<[n, 64], f32>) -> !ein.tensor<[n, 64], f16> {
  ^bb0(%a: f32):
    %r = arith.truncf %a : f32 to f16
    ein.yield %r : f16
  }
  %u = ein.einsum (%x[i, k]) -> [i, k] : (!ein.tensor<[n, 64], f32>) -> !ein.tensor<[n, 64], f32> {
  ^bb0(%a: f32):
    %p = arith.addf %a, %a : f32
    ein.yield %p : f32
  }
  %s = ein.einsum (%u[i, k]) -> [i, k] : (!ein.tensor<[n, 64], f32>) -> !ein.tensor<[n, 64], f32> {
  ^bb0(%a: f32):
    %r = arith.truncf %a : f32 to bf16
    %e = arith.extf %r : bf16 to f32
    %p = arith.mulf %e, %a : f32
    ein.yield %p : f32
  }
  return %y, %z, %s : !ein.tensor<[n, 64], bf16>, !ein.tensor<[n, 64], f16>, !ein.tensor<[n, 64], f32>
}
