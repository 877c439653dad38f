// RUN: einfall-opt %s --ein-form-kernels --ein-to-tile="dots=bf16 tiles=bf16 panels" --canonicalize --cse | FileCheck %s

// A weight that only products of many rows read is stored in panels, and they read it there: the element of column n and depth k
// that begins a panel and a group is at n * 256 + k * 32.
// CHECK-LABEL: func.func @weights
// CHECK-SAME: %arg1: !ein.tensor<[4096, 256], bf16> {ein.panels = array<i64: 0, 32, 2>, ein.weight = "w"}
// CHECK: ein.kernel {{.*}} {ein.panels = [unit, array<i64: 0, 32, 2>],
func.func @weights(%x: !ein.tensor<[m, 256], bf16>, %w: !ein.tensor<[4096, 256], bf16> {ein.weight = "w"}) -> !ein.tensor<[m, 4096], f32> {
  %y = ein.einsum (%x[m, k], %w[n, k]) -> [m, n] reduce [k: add]
      : (!ein.tensor<[m, 256], bf16>, !ein.tensor<[4096, 256], bf16>) -> !ein.tensor<[m, 4096], f32> {
  ^bb0(%a: bf16, %b: bf16):
    %c = arith.extf %a : bf16 to f32
    %d = arith.extf %b : bf16 to f32
    %e = arith.mulf %c, %d : f32
    ein.yield %e : f32
  }
  return %y : !ein.tensor<[m, 4096], f32>
}

// The same stored the other way round, heads of 64 columns, and a depth of two ranks.
// CHECK-LABEL: func.func @heads
// CHECK-SAME: %arg1: {{.*}} {ein.panels = array<i64: 1, 32, 2>, ein.weight = "v"}
// CHECK-SAME: %arg2: {{.*}} {ein.panels = array<i64: 0, 32, 2>, ein.weight = "o"}
func.func @heads(%x: !ein.tensor<[40, 256], bf16>, %v: !ein.tensor<[256, 192], bf16> {ein.weight = "v"},
                 %o: !ein.tensor<[256, 192], bf16> {ein.weight = "o"}, %z: !ein.tensor<[3, 40, 64], bf16>)
    -> (!ein.tensor<[40, 3, 64], f32>, !ein.tensor<[40, 256], f32>) {
  %y = ein.einsum (%x[m, k], %v[k, 64 * h + e]) -> [m, h, e] reduce [k: add]
      : (!ein.tensor<[40, 256], bf16>, !ein.tensor<[256, 192], bf16>) -> !ein.tensor<[40, 3, 64], f32> {
  ^bb0(%a: bf16, %b: bf16):
    %c = arith.extf %a : bf16 to f32
    %d = arith.extf %b : bf16 to f32
    %p = arith.mulf %c, %d : f32
    ein.yield %p : f32
  }
  %q = ein.einsum (%z[h, m, e], %o[n, 64 * h + e]) -> [m, n] reduce [h: add, e: add]
      : (!ein.tensor<[3, 40, 64], bf16>, !ein.tensor<[256, 192], bf16>) -> !ein.tensor<[40, 256], f32> {
  ^bb0(%a: bf16, %b: bf16):
    %c = arith.extf %a : bf16 to f32
    %d = arith.extf %b : bf16 to f32
    %p = arith.mulf %c, %d : f32
    ein.yield %p : f32
  }
  return %y, %q : !ein.tensor<[40, 3, 64], f32>, !ein.tensor<[40, 256], f32>
}

// Not where another reader takes it as its type says, where a row is too few, or where columns are no whole panels.
// CHECK-LABEL: func.func @read_otherwise
// CHECK-NOT: ein.panels
func.func @read_otherwise(%x: !ein.tensor<[m, 256], bf16>, %w: !ein.tensor<[4096, 256], bf16> {ein.weight = "tied"},
                          %one: !ein.tensor<[1, 256], bf16>, %u: !ein.tensor<[96, 256], bf16> {ein.weight = "u"},
                          %t: !ein.tensor<[80, 256], bf16> {ein.weight = "t"})
    -> (!ein.tensor<[m, 4096], f32>, !ein.tensor<[256], bf16>, !ein.tensor<[1, 96], f32>, !ein.tensor<[m, 80], f32>) {
  %y = ein.einsum (%x[m, k], %w[n, k]) -> [m, n] reduce [k: add]
      : (!ein.tensor<[m, 256], bf16>, !ein.tensor<[4096, 256], bf16>) -> !ein.tensor<[m, 4096], f32> {
  ^bb0(%a: bf16, %b: bf16):
    %c = arith.extf %a : bf16 to f32
    %d = arith.extf %b : bf16 to f32
    %e = arith.mulf %c, %d : f32
    ein.yield %e : f32
  }
  %r = ein.einsum (%w[7, k]) -> [k] : (!ein.tensor<[4096, 256], bf16>) -> !ein.tensor<[256], bf16> {
  ^bb0(%a: bf16):
    ein.yield %a : bf16
  }
  %s = ein.einsum (%one[m, k], %u[n, k]) -> [m, n] reduce [k: add]
      : (!ein.tensor<[1, 256], bf16>, !ein.tensor<[96, 256], bf16>) -> !ein.tensor<[1, 96], f32> {
  ^bb0(%a: bf16, %b: bf16):
    %c = arith.extf %a : bf16 to f32
    %d = arith.extf %b : bf16 to f32
    %e = arith.mulf %c, %d : f32
    ein.yield %e : f32
  }
  %z = ein.einsum (%x[m, k], %t[n, k]) -> [m, n] reduce [k: add]
      : (!ein.tensor<[m, 256], bf16>, !ein.tensor<[80, 256], bf16>) -> !ein.tensor<[m, 80], f32> {
  ^bb0(%a: bf16, %b: bf16):
    %c = arith.extf %a : bf16 to f32
    %d = arith.extf %b : bf16 to f32
    %e = arith.mulf %c, %d : f32
    ein.yield %e : f32
  }
  return %y, %r, %s, %z : !ein.tensor<[m, 4096], f32>, !ein.tensor<[256], bf16>, !ein.tensor<[1, 96], f32>, !ein.tensor<[m, 80], f32>
}

// A weight that lies in panels already stays so, and its kernel says so with what is new.
// CHECK-LABEL: func.func @given
// CHECK-SAME: %arg1: {{.*}} {ein.panels = array<i64: 0, 32, 2>, ein.weight = "g"}
// CHECK-SAME: %arg2: {{.*}} {ein.panels = array<i64: 0, 32, 2>, ein.weight = "fresh"}
// CHECK: ein.kernel {{.*}} {ein.panels = [unit, array<i64: 0, 32, 2>, array<i64: 0, 32, 2>],
func.func @given(%x: !ein.tensor<[40, 256], bf16>, %w: !ein.tensor<[96, 256], bf16> {ein.panels = array<i64: 0, 32, 2>, ein.weight = "g"},
                 %v: !ein.tensor<[96, 256], bf16> {ein.weight = "fresh"}) -> (!ein.tensor<[40, 96], f32>, !ein.tensor<[40, 96], f32>) {
  %y, %z = ein.kernel "both"(%x, %w, %v) {ein.panels = [unit, array<i64: 0, 32, 2>, unit], parts = array<i64: 1, 1>}
      : (!ein.tensor<[40, 256], bf16>, !ein.tensor<[96, 256], bf16>, !ein.tensor<[96, 256], bf16>)
      -> (!ein.tensor<[40, 96], f32>, !ein.tensor<[40, 96], f32>) {
  ^bb0(%a: !ein.tensor<[40, 256], bf16>, %b: !ein.tensor<[96, 256], bf16>, %c: !ein.tensor<[96, 256], bf16>):
    %p = ein.einsum (%a[m, k], %b[n, k]) -> [m, n] reduce [k: add]
        : (!ein.tensor<[40, 256], bf16>, !ein.tensor<[96, 256], bf16>) -> !ein.tensor<[40, 96], f32> {
    ^bb0(%i: bf16, %j: bf16):
      %d = arith.extf %i : bf16 to f32
      %e = arith.extf %j : bf16 to f32
      %f = arith.mulf %d, %e : f32
      ein.yield %f : f32
    }
    %q = ein.einsum (%a[m, k], %c[n, k]) -> [m, n] reduce [k: add]
        : (!ein.tensor<[40, 256], bf16>, !ein.tensor<[96, 256], bf16>) -> !ein.tensor<[40, 96], f32> {
    ^bb0(%i: bf16, %j: bf16):
      %d = arith.extf %i : bf16 to f32
      %e = arith.extf %j : bf16 to f32
      %f = arith.mulf %d, %e : f32
      ein.yield %f : f32
    }
    ein.yield %p, %q : !ein.tensor<[40, 96], f32>, !ein.tensor<[40, 96], f32>
  }
  return %y, %z : !ein.tensor<[40, 96], f32>, !ein.tensor<[40, 96], f32>
}

// What is in panels comes from the weight alone; few rows stay while panels pass, and each asks for a share of the next one.
// CHECK-LABEL: func.func private @reduce_0_p0
// CHECK: %[[SUMS:.*]] = tile.local : memref<{{.*}}xf32>
// CHECK: tile.multiply %[[SUMS]][{{.*}}], %arg0[{{.*}} by %c256], %arg1[{{.*}} by %c64] rows {{.*}} columns 32 groups %c128 fresh %true of bf16 ahead[{{.*}}] ahead_rhs :
