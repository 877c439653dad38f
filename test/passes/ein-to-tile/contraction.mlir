// RUN: einfall-opt %s --ein-form-kernels --ein-to-tile --canonicalize | FileCheck %s
// RUN: einfall-opt %s --ein-form-kernels --ein-to-tile=vector-bytes=32 --canonicalize | FileCheck %s --check-prefix=AVX2

// Both operands run along k, so k takes the lanes; rows and columns are tiled
// so that each vector that is loaded feeds four products.
// CHECK-LABEL: func.func private @reduce_0_p0
// CHECK-SAME: tile.schedule = #tile.schedule<ranks = {i = array<i64: 512, 7, 6, 5, 4, 3, 2, 1>, j = array<i64: 64, 4, 1>, k = array<i64: 16, 16>}, order = ["i", "j"], lanes = "k", narrow_rank = "i", narrow_widens = "j", narrow_tile = 4, packed = #tile.schedule<ranks = {i = array<i64: 1, 6, 4, 2, 1>, j = array<i64: 1, 64>, k = array<i64: 1, 1>}, order = ["j", "i"], lanes = "j", narrow_rank = "i", narrow_widens = "j">, packed_from = 32>
// Many rows: over panels of the weights.
// CHECK: tile.local : memref<32768xf32>
// CHECK: tile.store {{.*}} : tensor<16x16xf32, "lanes">, memref<32768xf32>
// CHECK: tile.load {{.*}} : memref<32768xf32> -> tensor<64xf32, "lanes">
// CHECK: math.fma {{.*}} : tensor<6x64xf32, "lanes">
// CHECK: math.fma {{.*}} : tensor<2x64xf32, "lanes">
// Few rows in one pass, and columns ask for the next ones. Where rows leave room in the first-level cache, and so
// for one row, columns follow one another in the order of memory, by four sums each.
// CHECK: tile.load {{.*}} strides[%c512, %c1] : {{.*}} -> tensor<7x16xf32, "lanes">
// CHECK: tile.load {{.*}} ahead 2048 {{.*}} -> tensor<4x16xf32, "lanes">
// CHECK: math.fma {{.*}} : tensor<7x4x16xf32, "lanes">
// CHECK: tile.reduce "add" {{.*}} : tensor<7x4x16xf32, "lanes"> -> tensor<7x4xf32>
// CHECK: math.fma {{.*}} : tensor<6x4x16xf32, "lanes">
// CHECK: %[[SUMS:.*]] = tile.local : memref<192xf32>
// CHECK: scf.for %[[COLUMN:.*]] = %c0 to %c4 step %c1
// CHECK: math.fma {{.*}} : tensor<3x16xf32, "lanes">
// CHECK: tile.store {{.*}}, %[[SUMS]][{{.*}}] strides[%c16, %c1] : tensor<3x16xf32, "lanes">
// CHECK: tile.load %[[SUMS]][%c0] strides[%c16, %c48, %c1] : {{.*}} -> tensor<3x4x16xf32, "lanes">
// CHECK: tile.reduce "add" {{.*}} : tensor<3x4x16xf32, "lanes"> -> tensor<3x4xf32>
// CHECK: tile.local : memref<64xf32>
// CHECK: scf.for {{.*}} = %c0 to %c4 step %c1
// CHECK: scf.for {{.*}} = %c0 to %c512 step %c64
// CHECK-COUNT-4: math.fma {{.*}} : tensor<16xf32, "lanes">
// AVX2: math.fma {{.*}} : tensor<6x32xf32, "lanes">
// AVX2: math.fma {{.*}} : tensor<7x4x8xf32, "lanes">
func.func @nt(%x: !ein.tensor<[m, 512], f32>, %w: !ein.tensor<[768, 512], f32>) -> !ein.tensor<[m, 768], f32> {
  %y = ein.einsum (%x[i, k], %w[j, k]) -> [i, j] reduce [k: add]
      : (!ein.tensor<[m, 512], f32>, !ein.tensor<[768, 512], f32>) -> !ein.tensor<[m, 768], f32>
  return %y : !ein.tensor<[m, 768], f32>
}

// With k outermost in the second operand, columns take the lanes.
// CHECK-LABEL: func.func private @reduce_0_p1
// CHECK-SAME: lanes = "j"
// CHECK-NOT: tile.reduce
func.func @nn(%x: !ein.tensor<[m, 512], f32>, %w: !ein.tensor<[512, 768], f32>) -> !ein.tensor<[m, 768], f32> {
  %y = ein.einsum (%x[i, k], %w[k, j]) -> [i, j] reduce [k: add]
      : (!ein.tensor<[m, 512], f32>, !ein.tensor<[512, 768], f32>) -> !ein.tensor<[m, 768], f32>
  return %y : !ein.tensor<[m, 768], f32>
}

// A long sum of few rows is taken in chunks, between which sums lie in memory; that of one row is not:
// it reads each column as one stream.
// CHECK-LABEL: func.func private @reduce_0_p2
// CHECK-SAME: k = array<i64: 1024, 16>
// CHECK-NOT: memref<4096xf32>
// CHECK: tile.load {{.*}} ahead 64 {{.*}} -> tensor<4x16xf32, "lanes">
// CHECK: math.fma {{.*}} : tensor<4x16xf32, "lanes">
// CHECK: tile.local : memref<32768xf32>
// CHECK: math.fma {{.*}} : tensor<7x4x16xf32, "lanes">
func.func @long(%x: !ein.tensor<[m, 4096], f32>, %w: !ein.tensor<[768, 4096], f32>) -> !ein.tensor<[m, 768], f32> {
  %y = ein.einsum (%x[i, k], %w[j, k]) -> [i, j] reduce [k: add]
      : (!ein.tensor<[m, 4096], f32>, !ein.tensor<[768, 4096], f32>) -> !ein.tensor<[m, 768], f32>
  return %y : !ein.tensor<[m, 768], f32>
}
