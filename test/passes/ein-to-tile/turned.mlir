// RUN: einfall-opt %s --ein-form-kernels --ein-to-tile=dots=bf16,i8 --canonicalize --cse | FileCheck %s

// Weights that are many, and factors as they lie: few rows go into panels and run along lanes,
// columns are broadcast, and what comes after them is asked for. Sums are turned in the end.
// CHECK-LABEL: func.func private @reduce_0_p0
// CHECK-SAME: packed_from = 8
// CHECK-SAME: few = #tile.schedule<{{.*}}lanes = "m"{{.*}}narrow_rank = "n", narrow_widens = "m"
// CHECK-SAME: few_to = 128
// CHECK: %[[MANY:.*]] = arith.cmpi sge, %[[ROWS:.*]], %c8
// CHECK: %[[FEW:.*]] = arith.cmpi sle, %[[ROWS]], %c128
// CHECK: %[[BOTH:.*]] = arith.andi %[[MANY]], %[[FEW]]
// CHECK: scf.if %[[BOTH]]
// CHECK: %[[PANEL:.*]] = tile.local : memref<16384xi32>
// CHECK: tile.join {{.*}} -> tensor<16x16xi32, "lanes">
// CHECK: %[[SUMS:.*]] = tile.local : memref<8192xf32>
// CHECK: tile.prefetch
// CHECK: tile.load {{.*}} : memref<?xbf16> -> tensor<8xi32>
// CHECK: tile.dot {{.*}} : tensor<8x32xi32, "lanes">, tensor<8x32xi32, "lanes">, tensor<8x32xf32, "lanes">
// A vector of rows or less: each sum is two, which do not wait for each other.
// CHECK: tile.prefetch
// CHECK-COUNT-2: tile.dot {{.*}} tensor<8x16xf32, "lanes">
// CHECK: tile.load %[[SUMS]]{{.*}} -> tensor<16x16xf32, "lanes">
// CHECK: tile.store {{.*}}strides[%c1, %c64]
// More rows: columns are packed, as many as before.
// CHECK: tile.dot {{.*}} tensor<6x64xf32, "lanes">
func.func @many(%x: !ein.tensor<[m, 256], bf16>, %w: !ein.tensor<[4096, 256], bf16>) -> !ein.tensor<[m, 4096], f32> {
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

// Of signed bytes the columns are added up, for which they are packed; and of few columns a
// block would not use its rows often enough.
// CHECK-LABEL: func.func private @reduce_0_p1
// CHECK-NOT: few =
func.func @signed(%x: !ein.tensor<[m, 256], i8>, %w: !ein.tensor<[4096, 256], i8>) -> !ein.tensor<[m, 4096], i32> {
  %y = ein.einsum (%x[m, k], %w[n, k]) -> [m, n] reduce [k: add]
      : (!ein.tensor<[m, 256], i8>, !ein.tensor<[4096, 256], i8>) -> !ein.tensor<[m, 4096], i32> {
  ^bb0(%a: i8, %b: i8):
    %c = arith.extsi %a : i8 to i32
    %d = arith.extsi %b : i8 to i32
    %e = arith.muli %c, %d : i32
    ein.yield %e : i32
  }
  return %y : !ein.tensor<[m, 4096], i32>
}

// As it was written.
// CHECK-LABEL: func.func private @k_p2
// CHECK-SAME: few = #tile.schedule<ranks = {k = array<i64: 1, 2>, m = array<i64: 1, 32>, n = array<i64: 1, 4>}{{.*}}>, few_to = 40
// CHECK: arith.cmpi sle, {{.*}}, %c40
// CHECK: tile.dot {{.*}} tensor<4x32xf32, "lanes">
func.func @given(%x: !ein.tensor<[m, 64], bf16>, %w: !ein.tensor<[512, 64], bf16>) -> !ein.tensor<[m, 512], f32> {
  %0 = ein.kernel "k"(%x, %w) {tile.schedule = #tile.schedule<ranks = {k = array<i64: 32, 32>, m = array<i64: 512, 2, 1>, n = array<i64: 128, 4, 1>},
      order = ["m", "n"], lanes = "k", group = 2, narrow_rank = "m", narrow_widens = "n", narrow_tile = 4,
      packed = #tile.schedule<ranks = {k = array<i64: 1, 2>, m = array<i64: 1, 6, 4, 2, 1>, n = array<i64: 64, 64>}, order = ["n", "m"], lanes = "n",
        group = 2, narrow_rank = "m", narrow_widens = "n">, packed_from = 8,
      few = #tile.schedule<ranks = {k = array<i64: 1, 2>, m = array<i64: 1, 32>, n = array<i64: 1, 4>}, order = ["n", "m"], lanes = "m",
        group = 2, narrow_rank = "n", narrow_widens = "m">, few_to = 40>}
      : (!ein.tensor<[m, 64], bf16>, !ein.tensor<[512, 64], bf16>) -> !ein.tensor<[m, 512], f32> {
  ^bb0(%a: !ein.tensor<[m, 64], bf16>, %b: !ein.tensor<[512, 64], bf16>):
    %y = ein.einsum (%a[m, k], %b[n, k]) -> [m, n] reduce [k: add]
        : (!ein.tensor<[m, 64], bf16>, !ein.tensor<[512, 64], bf16>) -> !ein.tensor<[m, 512], f32> {
    ^bb0(%c: bf16, %d: bf16):
      %e = arith.extf %c : bf16 to f32
      %f = arith.extf %d : bf16 to f32
      %g = arith.mulf %e, %f : f32
      ein.yield %g : f32
    }
    ein.yield %y : !ein.tensor<[m, 512], f32>
  }
  return %0 : !ein.tensor<[m, 512], f32>
}

// Without a dot, too, where columns lie along the sum: a line stays for what is read of it next. An
// empty lane is work that is lost, so rows have to fill three quarters of their last vector.
// CHECK-LABEL: func.func private @reduce_0_p3
// CHECK-SAME: packed_from = 32, few = #tile.schedule<{{.*}}lanes = "m"{{.*}}narrow_rank = "n", narrow_widens = "m"
// CHECK-SAME: few_to = 128
// CHECK: %[[OVER:.*]] = arith.remsi %{{.*}}, %c16
// CHECK: arith.cmpi sge, %[[OVER]], %c11
// CHECK: arith.cmpi sle, %{{.*}}, %c128
// CHECK: tile.prefetch
// CHECK: tile.load {{.*}} -> tensor<8xf32>
// CHECK: math.fma {{.*}} : tensor<8x32xf32, "lanes">
// CHECK: tile.prefetch
// CHECK-COUNT-2: math.fma {{.*}} : tensor<8x16xf32, "lanes">
// CHECK: tile.load {{.*}} -> tensor<16x16xf32, "lanes">
// CHECK: math.fma {{.*}} : tensor<6x64xf32, "lanes">
func.func @plain(%x: !ein.tensor<[m, 256], f32>, %w: !ein.tensor<[4096, 256], f32>) -> !ein.tensor<[m, 4096], f32> {
  %y = ein.einsum (%x[m, k], %w[n, k]) -> [m, n] reduce [k: add]
      : (!ein.tensor<[m, 256], f32>, !ein.tensor<[4096, 256], f32>) -> !ein.tensor<[m, 4096], f32> {
  ^bb0(%a: f32, %b: f32):
    %c = arith.mulf %a, %b : f32
    ein.yield %c : f32
  }
  return %y : !ein.tensor<[m, 4096], f32>
}

// Strict sums are in order: each is one.
// CHECK-LABEL: func.func private @reduce_0_p4
// CHECK: few = #tile.schedule<
// CHECK: math.fma {{.*}} : tensor<8x32xf32, "lanes">
// CHECK: math.fma {{.*}} : tensor<8x16xf32, "lanes">
// CHECK-NOT: math.fma {{.*}} : tensor<8x16xf32, "lanes">
// CHECK: tile.load {{.*}} -> tensor<16x16xf32, "lanes">
func.func @strict(%x: !ein.tensor<[m, 256], f32>, %w: !ein.tensor<[4096, 256], f32>) -> !ein.tensor<[m, 4096], f32>
    attributes {ein.numerics = "strict"} {
  %y = ein.einsum (%x[m, k], %w[n, k]) -> [m, n] reduce [k: add]
      : (!ein.tensor<[m, 256], f32>, !ein.tensor<[4096, 256], f32>) -> !ein.tensor<[m, 4096], f32> {
  ^bb0(%a: f32, %b: f32):
    %c = arith.mulf %a, %b : f32
    ein.yield %c : f32
  }
  return %y : !ein.tensor<[m, 4096], f32>
}

// Columns that lie side by side are read a line for a few elements: they are packed.
// CHECK-LABEL: func.func private @reduce_0_p5
// CHECK-NOT: few =
// CHECK: return
func.func @beside(%x: !ein.tensor<[m, 256], f32>, %w: !ein.tensor<[256, 4096], f32>) -> !ein.tensor<[m, 4096], f32> {
  %y = ein.einsum (%x[m, k], %w[k, n]) -> [m, n] reduce [k: add]
      : (!ein.tensor<[m, 256], f32>, !ein.tensor<[256, 4096], f32>) -> !ein.tensor<[m, 4096], f32> {
  ^bb0(%a: f32, %b: f32):
    %c = arith.mulf %a, %b : f32
    ein.yield %c : f32
  }
  return %y : !ein.tensor<[m, 4096], f32>
}
