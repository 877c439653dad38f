// RUN: einfall-opt %s --ein-form-kernels --ein-to-tile=dots=bf16,i8,i16 --canonicalize --cse | FileCheck %s
// RUN: einfall-opt %s --ein-form-kernels --ein-to-tile=dots=i16 --canonicalize --cse | FileCheck %s --check-prefix=I16

// Products of narrow numbers are added by groups where the machine does that: in panels
// neighbours along the sum are one element, and rows are read so where they lie.
// CHECK-LABEL: func.func private @reduce_0_p0
// CHECK-SAME: k = array<i64: 32, 32>{{.*}}group = 2
// CHECK: %[[PANEL:.*]] = tile.local : memref<16384xi32>
// CHECK: %[[PAIRS:.*]] = tile.join {{.*}} along 1 : tensor<16x32xbf16, "lanes"> -> tensor<16x16xi32, "lanes">
// CHECK: tile.store %[[PAIRS]], %[[PANEL]]
// CHECK: tile.load {{.*}} : memref<?xbf16> -> tensor<6xi32>
// CHECK: tile.dot {{.*}} joined bf16 by 16 : tensor<6x64xi32, "lanes">, tensor<6x64xi32, "lanes">, tensor<6x64xf32, "lanes">
// CHECK: tile.dot {{.*}} : tensor<7x4x32xbf16, "lanes">, tensor<7x4x32xbf16, "lanes">, tensor<7x4x16xf32, "lanes">
// I16-LABEL: func.func private @reduce_0_p0
// I16-NOT: tile.dot
func.func @bf16(%x: !ein.tensor<[m, 512], bf16>, %w: !ein.tensor<[768, 512], bf16>) -> !ein.tensor<[m, 768], f32> {
  %y = ein.einsum (%x[i, k], %w[j, k]) -> [i, j] reduce [k: add]
      : (!ein.tensor<[m, 512], bf16>, !ein.tensor<[768, 512], bf16>) -> !ein.tensor<[m, 768], f32> {
  ^bb0(%a: bf16, %b: bf16):
    %c = arith.extf %a : bf16 to f32
    %d = arith.extf %b : bf16 to f32
    %p = arith.mulf %c, %d : f32
    ein.yield %p : f32
  }
  return %y : !ein.tensor<[m, 768], f32>
}

// Both signed: 128 is added to the left one, and 128 times the sum of the right
// one, which no row shares, is taken off at the end.
// CHECK-LABEL: func.func private @reduce_0_p1
// CHECK: tile.dot {{.*}} joined i8 by 16 : tensor<6x64xi32, "lanes">
// CHECK: tile.dot {{.*}} : tensor<5x4x64xi8, "lanes">, tensor<5x4x64xi8, "lanes">, tensor<5x4x16xi32, "lanes">
// CHECK: tile.dot {{.*}} : tensor<4x64xi8, "lanes">, tensor<4x64xi8, "lanes">, tensor<4x16xi32, "lanes">
// CHECK: arith.subi {{.*}} : tensor<5x4xi32>
// I16-LABEL: func.func private @reduce_0_p1
// I16: arith.extsi {{.*}} : tensor<4x32xi8, "lanes"> to tensor<4x32xi16, "lanes">
// I16: tile.dot {{.*}} : tensor<7x4x32xi16, "lanes">
// I16: tile.dot {{.*}} : tensor<4x32xi16, "lanes">
func.func @signed_bytes(%x: !ein.tensor<[m, 512], i8>, %w: !ein.tensor<[768, 512], i8>) -> !ein.tensor<[m, 768], i32> {
  %y = ein.einsum (%x[i, k], %w[j, k]) -> [i, j] reduce [k: add]
      : (!ein.tensor<[m, 512], i8>, !ein.tensor<[768, 512], i8>) -> !ein.tensor<[m, 768], i32> {
  ^bb0(%a: i8, %b: i8):
    %c = arith.extsi %a : i8 to i32
    %d = arith.extsi %b : i8 to i32
    %p = arith.muli %c, %d : i32
    ein.yield %p : i32
  }
  return %y : !ein.tensor<[m, 768], i32>
}

// The unsigned factor goes to the left.
// CHECK-LABEL: func.func private @reduce_0_p2
// CHECK-NOT: arith.xori
// CHECK: tile.dot {{.*}} : tensor<7x4x64xi8, "lanes">
func.func @mixed_bytes(%x: !ein.tensor<[m, 512], i8>, %w: !ein.tensor<[768, 512], i8>) -> !ein.tensor<[m, 768], i32> {
  %y = ein.einsum (%x[i, k], %w[j, k]) -> [i, j] reduce [k: add]
      : (!ein.tensor<[m, 512], i8>, !ein.tensor<[768, 512], i8>) -> !ein.tensor<[m, 768], i32> {
  ^bb0(%a: i8, %b: i8):
    %c = arith.extsi %a : i8 to i32
    %d = arith.extui %b : i8 to i32
    %p = arith.muli %c, %d : i32
    ein.yield %p : i32
  }
  return %y : !ein.tensor<[m, 768], i32>
}
