// Weights of attention, in f32, times values in bf16: where outputs are bf16, the product takes
// rounded weights, as a dot. Their sum keeps all bits.
//
// RUN: einfall-opt %s --einfall-pipeline="target=x86-64-v4-dot to=tile" | FileCheck %s
// RUN: einfall-opt %s --einfall-pipeline="target=x86-64-v3 to=tile" | FileCheck %s --check-prefix=AVX2
// AVX2-NOT: tile.dot

// CHECK: ein.einsum {{.*}} -> !ein.tensor<[h, s, 1024], bf16> {
// CHECK: arith.truncf
// CHECK-LABEL: func.func private @reduce_0_p0
// CHECK: %[[P:.*]] = tile.local : memref<8192xf32>
// CHECK: %[[N:.*]] = tile.local : memref<8192xbf16>
// CHECK: math.exp %{{.*}} : tensor<32xf32, "lanes">
// CHECK-DAG: tile.store {{.*}}, %[[P]]
// CHECK-DAG: tile.store {{.*}}, %[[N]]
// CHECK: tile.load %[[N]][{{.*}}] strides[%{{.*}}] : memref<8192xbf16> -> tensor<6xi32>
// CHECK: tile.dot {{.*}} joined bf16 by 16
// CHECK: tile.load %[[P]]
// CHECK: arith.addf
func.func @halves(%q: !ein.tensor<[h, s, 64], bf16>, %k: !ein.tensor<[h, 1024, 64], bf16>,
                  %v: !ein.tensor<[h, 1024, 64], bf16>) -> !ein.tensor<[h, s, 64], bf16> attributes {ein.entry} {
  %w = ein.einsum (%q[h, s, d], %k[h, t, d]) -> [h, s, t] reduce [d: add]
      : (!ein.tensor<[h, s, 64], bf16>, !ein.tensor<[h, 1024, 64], bf16>) -> !ein.tensor<[h, s, 1024], f32> {
  ^bb0(%a: bf16, %b: bf16):
    %x = arith.extf %a : bf16 to f32
    %y = arith.extf %b : bf16 to f32
    %z = arith.mulf %x, %y : f32
    ein.yield %z : f32
  }
  %m = ein.einsum (%w[h, s, t]) -> [h, s] reduce [t: max] : (!ein.tensor<[h, s, 1024], f32>) -> !ein.tensor<[h, s], f32>
  %p = ein.einsum (%w[h, s, t], %m[h, s]) -> [h, s, t] : (!ein.tensor<[h, s, 1024], f32>, !ein.tensor<[h, s], f32>) -> !ein.tensor<[h, s, 1024], f32> {
  ^bb0(%a: f32, %b: f32):
    %d = arith.subf %a, %b : f32
    %e = math.exp %d : f32
    ein.yield %e : f32
  }
  %l = ein.einsum (%p[h, s, t]) -> [h, s] reduce [t: add] : (!ein.tensor<[h, s, 1024], f32>) -> !ein.tensor<[h, s], f32>
  %o = ein.einsum (%p[h, s, t], %v[h, t, e]) -> [h, s, e] reduce [t: add]
      : (!ein.tensor<[h, s, 1024], f32>, !ein.tensor<[h, 1024, 64], bf16>) -> !ein.tensor<[h, s, 64], f32> {
  ^bb0(%a: f32, %b: bf16):
    %y = arith.extf %b : bf16 to f32
    %z = arith.mulf %a, %y : f32
    ein.yield %z : f32
  }
  %r = ein.einsum (%o[h, s, e], %l[h, s]) -> [h, s, e] : (!ein.tensor<[h, s, 64], f32>, !ein.tensor<[h, s], f32>) -> !ein.tensor<[h, s, 64], bf16> {
  ^bb0(%a: f32, %b: f32):
    %q0 = arith.divf %a, %b : f32
    %n = arith.truncf %q0 : f32 to bf16
    ein.yield %n : bf16
  }
  return %r : !ein.tensor<[h, s, 64], bf16>
}

// Four heads read the same values: too few rows for a dot, so no weights are rounded.
// CHECK-LABEL: func.func private @reduce_0_p2
// CHECK-NOT: tile.local : memref<{{.*}}xbf16>
// CHECK: tile.load {{.*}} : memref<512xf32> -> tensor<4xf32>
// CHECK: math.fma
// CHECK: return
func.func @few(%q: !ein.tensor<[32, 64], bf16>, %k: !ein.tensor<[8, 1024, 64], bf16>,
                  %v: !ein.tensor<[8, 1024, 64], bf16>) -> !ein.tensor<[32, 64], bf16> attributes {ein.entry} {
  %w = ein.einsum (%q[h, d], %k[h floordiv 4, t, d]) -> [h, t] reduce [d: add]
      : (!ein.tensor<[32, 64], bf16>, !ein.tensor<[8, 1024, 64], bf16>) -> !ein.tensor<[32, 1024], f32> {
  ^bb0(%a: bf16, %b: bf16):
    %x = arith.extf %a : bf16 to f32
    %y = arith.extf %b : bf16 to f32
    %z = arith.mulf %x, %y : f32
    ein.yield %z : f32
  }
  %m = ein.einsum (%w[h, t]) -> [h] reduce [t: max] : (!ein.tensor<[32, 1024], f32>) -> !ein.tensor<[32], f32>
  %p = ein.einsum (%w[h, t], %m[h]) -> [h, t] : (!ein.tensor<[32, 1024], f32>, !ein.tensor<[32], f32>) -> !ein.tensor<[32, 1024], f32> {
  ^bb0(%a: f32, %b: f32):
    %d = arith.subf %a, %b : f32
    %e = math.exp %d : f32
    ein.yield %e : f32
  }
  %l = ein.einsum (%p[h, t]) -> [h] reduce [t: add] : (!ein.tensor<[32, 1024], f32>) -> !ein.tensor<[32], f32>
  %o = ein.einsum (%p[h, t], %v[h floordiv 4, t, e]) -> [h, e] reduce [t: add]
      : (!ein.tensor<[32, 1024], f32>, !ein.tensor<[8, 1024, 64], bf16>) -> !ein.tensor<[32, 64], f32> {
  ^bb0(%a: f32, %b: bf16):
    %y = arith.extf %b : bf16 to f32
    %z = arith.mulf %a, %y : f32
    ein.yield %z : f32
  }
  %r = ein.einsum (%o[h, e], %l[h]) -> [h, e] : (!ein.tensor<[32, 64], f32>, !ein.tensor<[32], f32>) -> !ein.tensor<[32, 64], bf16> {
  ^bb0(%a: f32, %b: f32):
    %q0 = arith.divf %a, %b : f32
    %n = arith.truncf %q0 : f32 to bf16
    ein.yield %n : bf16
  }
  return %r : !ein.tensor<[32, 64], bf16>
}
