// What a contraction makes and stores is walked again where a fold would correct the sums of many columns.
//
// RUN: einfall-opt %s --ein-derive-folds=moving-only=true | FileCheck %s

// CHECK-LABEL: func.func @many
// CHECK-NOT: ein.fold
// CHECK: return
func.func @many(%x: !ein.tensor<[512, 3072], f32>, %w: !ein.tensor<[768, 3072], f32>, %v: !ein.tensor<[768, 1024], f32>) -> !ein.tensor<[512, 1024], f32> {
  %s = ein.einsum (%x[m, d], %w[f, d]) -> [m, f] reduce [d: add]
      : (!ein.tensor<[512, 3072], f32>, !ein.tensor<[768, 3072], f32>) -> !ein.tensor<[512, 768], f32>
  %t = ein.einsum (%s[m, f]) -> [m] reduce [f: max] : (!ein.tensor<[512, 768], f32>) -> !ein.tensor<[512], f32>
  %p = ein.einsum (%s[m, f], %t[m]) -> [m, f] : (!ein.tensor<[512, 768], f32>, !ein.tensor<[512], f32>) -> !ein.tensor<[512, 768], f32> {
  ^bb0(%a: f32, %b: f32):
    %c = arith.subf %a, %b : f32
    %e = math.exp %c : f32
    ein.yield %e : f32
  }
  %y = ein.einsum (%p[m, f], %v[f, n]) -> [m, n] reduce [f: add]
      : (!ein.tensor<[512, 768], f32>, !ein.tensor<[768, 1024], f32>) -> !ein.tensor<[512, 1024], f32>
  return %y : !ein.tensor<[512, 1024], f32>
}

// CHECK-LABEL: func.func @few
// CHECK: ein.fold
// CHECK: return
func.func @few(%x: !ein.tensor<[512, 3072], f32>, %w: !ein.tensor<[768, 3072], f32>, %v: !ein.tensor<[768, 64], f32>) -> !ein.tensor<[512, 64], f32> {
  %s = ein.einsum (%x[m, d], %w[f, d]) -> [m, f] reduce [d: add]
      : (!ein.tensor<[512, 3072], f32>, !ein.tensor<[768, 3072], f32>) -> !ein.tensor<[512, 768], f32>
  %t = ein.einsum (%s[m, f]) -> [m] reduce [f: max] : (!ein.tensor<[512, 768], f32>) -> !ein.tensor<[512], f32>
  %p = ein.einsum (%s[m, f], %t[m]) -> [m, f] : (!ein.tensor<[512, 768], f32>, !ein.tensor<[512], f32>) -> !ein.tensor<[512, 768], f32> {
  ^bb0(%a: f32, %b: f32):
    %c = arith.subf %a, %b : f32
    %e = math.exp %c : f32
    ein.yield %e : f32
  }
  %y = ein.einsum (%p[m, f], %v[f, n]) -> [m, n] reduce [f: add]
      : (!ein.tensor<[512, 768], f32>, !ein.tensor<[768, 64], f32>) -> !ein.tensor<[512, 64], f32>
  return %y : !ein.tensor<[512, 64], f32>
}

// What is larger than all that makes it is not stored, whatever follows.
// CHECK-LABEL: func.func @expanded
// CHECK: ein.fold
// CHECK: return
func.func @expanded(%x: !ein.tensor<[512, 64], f32>, %w: !ein.tensor<[768, 64], f32>, %v: !ein.tensor<[768, 1024], f32>) -> !ein.tensor<[512, 1024], f32> {
  %s = ein.einsum (%x[m, d], %w[f, d]) -> [m, f] reduce [d: add]
      : (!ein.tensor<[512, 64], f32>, !ein.tensor<[768, 64], f32>) -> !ein.tensor<[512, 768], f32>
  %t = ein.einsum (%s[m, f]) -> [m] reduce [f: max] : (!ein.tensor<[512, 768], f32>) -> !ein.tensor<[512], f32>
  %p = ein.einsum (%s[m, f], %t[m]) -> [m, f] : (!ein.tensor<[512, 768], f32>, !ein.tensor<[512], f32>) -> !ein.tensor<[512, 768], f32> {
  ^bb0(%a: f32, %b: f32):
    %c = arith.subf %a, %b : f32
    %e = math.exp %c : f32
    ein.yield %e : f32
  }
  %y = ein.einsum (%p[m, f], %v[f, n]) -> [m, n] reduce [f: add]
      : (!ein.tensor<[512, 768], f32>, !ein.tensor<[768, 1024], f32>) -> !ein.tensor<[512, 1024], f32>
  return %y : !ein.tensor<[512, 1024], f32>
}
