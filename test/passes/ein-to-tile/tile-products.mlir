// RUN: einfall-opt %s --ein-form-kernels --ein-to-tile="dots=bf16,i8,i16 tiles=bf16,i8" --canonicalize --cse | FileCheck %s

// Up to as many rows as a block has columns, weights are read as they lie, and rows are copied into panels, 128 at a time. Sums of
// 64 columns are in the block's memory, begin with the product, and are turned and stored before the next ones. Of more rows, the
// columns are copied.
// CHECK-LABEL: func.func private @reduce_0_p0
// CHECK-SAME: packed = #tile.schedule<{{.*}}lanes = "n"
// CHECK-SAME: few = #tile.schedule<{{.*}}m = array<i64: 128, 32>{{.*}}lanes = "m"{{.*}} few_to = 192
// CHECK: scf.for {{.*}} step %c128
// CHECK: %[[ROWS:.*]] = tile.local : memref<16384xi32>
// CHECK: scf.for {{.*}} step %c64
// CHECK: %[[SUMS:.*]] = tile.local : memref<8192xf32>
// CHECK: tile.multiply %[[SUMS]][{{.*}}], %arg1[{{.*}} by %c256], %[[ROWS]][{{.*}} by %c32] rows {{.*}} columns 32 groups %c128 fresh %true of bf16 :
// CHECK: tile.store {{.*}} %arg2
// CHECK: %[[COLUMNS:.*]] = tile.local : memref<32768xi32>
// CHECK: %[[SUMS:.*]] = tile.local : memref<16384xf32>
// CHECK: tile.multiply %[[SUMS]][{{.*}}], %arg0[{{.*}} by %c256], %[[COLUMNS]][{{.*}} by %c32] rows {{.*}} columns 32 groups %c128 fresh %true of bf16 :
func.func @weights(%x: !ein.tensor<[m, 256], bf16>, %w: !ein.tensor<[4096, 256], bf16>) -> !ein.tensor<[m, 4096], f32> {
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

// Bytes need no correction of their signs. Columns that are not contiguous along the sum are copied.
// CHECK-LABEL: func.func private @reduce_0_p1
// CHECK-SAME: lanes = "n"
// CHECK: tile.multiply {{.*}} columns 32 {{.*}} of i8 unsigned_rhs :
// CHECK-NOT: arith.xori
func.func @bytes(%x: !ein.tensor<[m, 256], i8>, %w: !ein.tensor<[256, 512], i8>) -> !ein.tensor<[m, 512], i32> {
  %y = ein.einsum (%x[m, k], %w[k, n]) -> [m, n] reduce [k: add]
      : (!ein.tensor<[m, 256], i8>, !ein.tensor<[256, 512], i8>) -> !ein.tensor<[m, 512], i32> {
  ^bb0(%a: i8, %b: i8):
    %c = arith.extsi %a : i8 to i32
    %d = arith.extui %b : i8 to i32
    %e = arith.muli %c, %d : i32
    ein.yield %e : i32
  }
  return %y : !ein.tensor<[m, 512], i32>
}

// There is no such product of words.
// CHECK-LABEL: func.func private @reduce_0_p2
// CHECK-NOT: tile.multiply
func.func @words(%x: !ein.tensor<[m, 256], i16>, %w: !ein.tensor<[256, 512], i16>) -> !ein.tensor<[m, 512], i32> {
  %y = ein.einsum (%x[m, k], %w[k, n]) -> [m, n] reduce [k: add]
      : (!ein.tensor<[m, 256], i16>, !ein.tensor<[256, 512], i16>) -> !ein.tensor<[m, 512], i32> {
  ^bb0(%a: i16, %b: i16):
    %c = arith.extsi %a : i16 to i32
    %d = arith.extsi %b : i16 to i32
    %e = arith.muli %c, %d : i32
    ein.yield %e : i32
  }
  return %y : !ein.tensor<[m, 512], i32>
}
