// RUN: einfall-opt %s --ein-to-tile="dots=bf16 tiles=bf16" --canonicalize --cse | FileCheck %s
// RUN: einfall-opt %s --ein-to-tile="dots=bf16" --canonicalize --cse | FileCheck %s --check-prefix=PLAIN

// Tiles multiply from memory: keys and values of a chunk are packed once for all rows of a block, and 64 rows at a time, whose
// scores stay in the first-level cache, go through all stages. A strip that a chunk does not count for is passed over.
// CHECK-LABEL: func.func private @reduce_0_p0
// CHECK-SAME: ranks = {j = array<i64: 1>, k = array<i64: 256>, k1 = array<i64: 128>}
// CHECK: scf.for {{.*}} to %c1024 step %c128
// CHECK: scf.if
// CHECK: %[[K:.*]] = tile.local : memref<4096xi32>
// CHECK: %[[V:.*]] = tile.local : memref<4096xi32>
// CHECK: scf.for {{.*}} step %c64 {
// CHECK: scf.if

// Scores stay where tiles leave them. They are scaled in the loop that looks for the greatest one, with and without the mask.
// CHECK-NOT: tile.local
// CHECK: tile.multiply %[[S:[0-9]+]][{{.*}}], %arg0[{{.*}}], %[[K]][{{.*}} fresh %true
// CHECK: scf.if
// CHECK: scf.for {{.*}} iter_args
// CHECK: %[[X:.*]] = tile.load %[[S]]
// CHECK: tile.store {{.*}}, %[[S]]
// CHECK: tile.reduce "max"
// CHECK: else
// CHECK: arith.select
// CHECK: tile.store {{.*}}, %[[S]]
// CHECK: tile.reduce "max"

// Weights are rounded in the loop that adds them up, and not stored otherwise.
// CHECK: scf.for {{.*}} iter_args
// CHECK: tile.load %[[S]]
// CHECK: math.exp
// CHECK-NOT: xf32, "lanes">, memref
// CHECK: tile.store {{.*}}, %[[P:[0-9]+]][{{.*}} : tensor<64xbf16, "lanes">
// CHECK: tile.reduce "add"
// CHECK: tile.multiply {{.*}}, %[[P]][{{.*}}], %[[V]][

// What the stream has carried is not copied.
// CHECK: tile.barrier
// CHECK: arith.divf

// PLAIN-LABEL: func.func private @reduce_0_p0
// PLAIN-SAME: ranks = {j = array<i64: 1>, k = array<i64: 64>, k1 = array<i64: 64>}
// PLAIN-NOT: tile.multiply
module {
  func.func @main(%arg0: !ein.tensor<[1, 8, 1024, 64], bf16>, %arg1: !ein.tensor<[1, 8, 1024, 64], bf16>, %arg2: !ein.tensor<[1, 8, 1024, 64], bf16>) -> (!ein.tensor<[1, 8, 1024, 64], bf16>) {
    %0 = ein.kernel "reduce_0"(%arg0, %arg1, %arg2) : (!ein.tensor<[1, 8, 1024, 64], bf16>, !ein.tensor<[1, 8, 1024, 64], bf16>, !ein.tensor<[1, 8, 1024, 64], bf16>) -> !ein.tensor<[1, 8, 1024, 64], bf16> {
    ^bb0(%arg3: !ein.tensor<[1, 8, 1024, 64], bf16>, %arg4: !ein.tensor<[1, 8, 1024, 64], bf16>, %arg5: !ein.tensor<[1, 8, 1024, 64], bf16>):
      %1 = ein.einsum () -> [j, k] : () -> !ein.tensor<[8, 1024], f32> {
        %cst = arith.constant 0xFF800000 : f32
        %cst_0 = arith.constant 0.000000e+00 : f32
        ein.yield %cst : f32
      }
      %2 = ein.einsum () -> [j, k, l_1] : () -> !ein.tensor<[8, 1024, 64], f32> {
        %cst = arith.constant 0xFF800000 : f32
        %cst_0 = arith.constant 0.000000e+00 : f32
        ein.yield %cst_0 : f32
      }
      %3 = ein.einsum () -> [j, k] : () -> !ein.tensor<[8, 1024], f32> {
        %cst = arith.constant 0xFF800000 : f32
        %cst_0 = arith.constant 0.000000e+00 : f32
        ein.yield %cst_0 : f32
      }
      %4:3 = ein.stream "k1" in <1024>(%1, %2, %3, %arg3, %arg4, %arg5) : (!ein.tensor<[8, 1024], f32>, !ein.tensor<[8, 1024, 64], f32>, !ein.tensor<[8, 1024], f32>, !ein.tensor<[1, 8, 1024, 64], bf16>, !ein.tensor<[1, 8, 1024, 64], bf16>, !ein.tensor<[1, 8, 1024, 64], bf16>) -> (!ein.tensor<[8, 1024], f32>, !ein.tensor<[8, 1024, 64], f32>, !ein.tensor<[8, 1024], f32>) {
      ^bb0(%arg6: !ein.tensor<[8, 1024], f32>, %arg7: !ein.tensor<[8, 1024, 64], f32>, %arg8: !ein.tensor<[8, 1024], f32>, %arg9: !ein.tensor<[1, 8, 1024, 64], bf16>, %arg10: !ein.tensor<[1, 8, 1024, 64], bf16>, %arg11: !ein.tensor<[1, 8, 1024, 64], bf16>):
        %8 = ein.einsum () -> [k, k1] : () -> !ein.tensor<[1024, 1024], i1> {
          %18 = ein.index "k1"
          %19 = arith.index_cast %18 : index to i64
          %20 = ein.index "k"
          %21 = arith.index_cast %20 : index to i64
          %22 = arith.cmpi sle, %19, %21 : i64
          ein.yield %22 : i1
        }
        ein.guard %8 : <[1024, 1024], i1>
        %9 = ein.einsum (%arg9[0, j, k, l], %arg10[0, j, k1, l]) -> [j, k, k1] reduce [l: add] : (!ein.tensor<[1, 8, 1024, 64], bf16>, !ein.tensor<[1, 8, 1024, 64], bf16>) -> !ein.tensor<[8, 1024, 1024], f32> {
        ^bb0(%arg12: bf16, %arg13: bf16):
          %18 = arith.extf %arg12 : bf16 to f32
          %19 = arith.extf %arg13 : bf16 to f32
          %20 = arith.mulf %18, %19 : f32
          ein.yield %20 : f32
        }
        %10 = ein.einsum (%9[j, k, k1]) -> [j, k, k1] : (!ein.tensor<[8, 1024, 1024], f32>) -> !ein.tensor<[8, 1024, 1024], f32> {
        ^bb0(%arg12: f32):
          %cst = arith.constant 0xFF800000 : f32
          %cst_0 = arith.constant 1.250000e-01 : f32
          %18 = ein.index "k1"
          %19 = arith.index_cast %18 : index to i64
          %20 = ein.index "k"
          %21 = arith.index_cast %20 : index to i64
          %22 = arith.cmpi sle, %19, %21 : i64
          %23 = arith.mulf %arg12, %cst_0 : f32
          %24 = arith.select %22, %23, %cst : f32
          ein.yield %24 : f32
        }
        %11 = ein.einsum (%10[j, k, k1]) -> [j, k] reduce [k1: max] : (!ein.tensor<[8, 1024, 1024], f32>) -> !ein.tensor<[8, 1024], f32>
        %12 = ein.einsum (%arg6[j, k], %11[j, k]) -> [j, k] : (!ein.tensor<[8, 1024], f32>, !ein.tensor<[8, 1024], f32>) -> !ein.tensor<[8, 1024], f32> {
        ^bb0(%arg12: f32, %arg13: f32):
          %18 = arith.maximumf %arg12, %arg13 : f32
          ein.yield %18 : f32
        }
        %13 = ein.einsum (%10[j, k, k1], %12[j, k]) -> [j, k, k1] : (!ein.tensor<[8, 1024, 1024], f32>, !ein.tensor<[8, 1024], f32>) -> !ein.tensor<[8, 1024, 1024], f32> {
        ^bb0(%arg12: f32, %arg13: f32):
          %18 = arith.negf %arg13 : f32
          %19 = math.absf %18 : f32
          %cst = arith.constant 0x7F800000 : f32
          %20 = arith.cmpf olt, %19, %cst : f32
          %cst_0 = arith.constant 0.000000e+00 : f32
          %21 = arith.select %20, %18, %cst_0 : f32
          %22 = arith.addf %arg12, %21 : f32
          %23 = math.exp %22 : f32
          ein.yield %23 : f32
        }
        %14 = ein.einsum (%arg11[0, j, k1, l_1], %13[j, k, k1]) -> [j, k, l_1] reduce [k1: add] : (!ein.tensor<[1, 8, 1024, 64], bf16>, !ein.tensor<[8, 1024, 1024], f32>) -> !ein.tensor<[8, 1024, 64], f32> {
        ^bb0(%arg12: bf16, %arg13: f32):
          %18 = arith.extf %arg12 : bf16 to f32
          %19 = arith.mulf %18, %arg13 : f32
          ein.yield %19 : f32
        }
        %15 = ein.einsum (%arg7[j, k, l_1], %arg6[j, k], %12[j, k], %14[j, k, l_1]) -> [j, k, l_1] : (!ein.tensor<[8, 1024, 64], f32>, !ein.tensor<[8, 1024], f32>, !ein.tensor<[8, 1024], f32>, !ein.tensor<[8, 1024, 64], f32>) -> !ein.tensor<[8, 1024, 64], f32> {
        ^bb0(%arg12: f32, %arg13: f32, %arg14: f32, %arg15: f32):
          %18 = arith.negf %arg14 : f32
          %19 = math.absf %18 : f32
          %cst = arith.constant 0x7F800000 : f32
          %20 = arith.cmpf olt, %19, %cst : f32
          %cst_0 = arith.constant 0.000000e+00 : f32
          %21 = arith.select %20, %18, %cst_0 : f32
          %22 = arith.addf %arg13, %21 : f32
          %23 = math.exp %22 : f32
          %24 = arith.mulf %arg12, %23 : f32
          %25 = arith.addf %24, %arg15 : f32
          ein.yield %25 : f32
        }
        %16 = ein.einsum (%13[j, k, k1]) -> [j, k] reduce [k1: add] : (!ein.tensor<[8, 1024, 1024], f32>) -> !ein.tensor<[8, 1024], f32>
        %17 = ein.einsum (%arg6[j, k], %12[j, k], %arg8[j, k], %16[j, k]) -> [j, k] : (!ein.tensor<[8, 1024], f32>, !ein.tensor<[8, 1024], f32>, !ein.tensor<[8, 1024], f32>, !ein.tensor<[8, 1024], f32>) -> !ein.tensor<[8, 1024], f32> {
        ^bb0(%arg12: f32, %arg13: f32, %arg14: f32, %arg15: f32):
          %18 = arith.negf %arg13 : f32
          %19 = math.absf %18 : f32
          %cst = arith.constant 0x7F800000 : f32
          %20 = arith.cmpf olt, %19, %cst : f32
          %cst_0 = arith.constant 0.000000e+00 : f32
          %21 = arith.select %20, %18, %cst_0 : f32
          %22 = arith.addf %arg12, %21 : f32
          %23 = math.exp %22 : f32
          %24 = arith.mulf %23, %arg14 : f32
          %25 = arith.addf %24, %arg15 : f32
          ein.yield %25 : f32
        }
        ein.yield %12, %15, %17 : !ein.tensor<[8, 1024], f32>, !ein.tensor<[8, 1024, 64], f32>, !ein.tensor<[8, 1024], f32>
      }
      %5 = ein.einsum (%4#1[j, k, l_1]) -> [j, k, l_1] : (!ein.tensor<[8, 1024, 64], f32>) -> !ein.tensor<[8, 1024, 64], f32>
      %6 = ein.einsum (%4#2[j, k]) -> [j, k] : (!ein.tensor<[8, 1024], f32>) -> !ein.tensor<[8, 1024], f32>
      %7 = ein.einsum (%5[j, k, l_1], %6[j, k]) -> [i, j, k, l_1] : (!ein.tensor<[8, 1024, 64], f32>, !ein.tensor<[8, 1024], f32>) -> !ein.tensor<[1, 8, 1024, 64], bf16> {
      ^bb0(%arg6: f32, %arg7: f32):
        %cst = arith.constant 0.000000e+00 : f32
        %8 = arith.cmpf oeq, %arg7, %cst : f32
        %9 = arith.divf %arg6, %arg7 : f32
        %10 = arith.select %8, %cst, %9 : f32
        %11 = arith.truncf %10 : f32 to bf16
        ein.yield %11 : bf16
      }
      ein.yield %7 : !ein.tensor<[1, 8, 1024, 64], bf16>
    }
    return %0 : !ein.tensor<[1, 8, 1024, 64], bf16>
  }
}

