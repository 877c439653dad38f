// RUN: einfall-opt %s --ein-form-kernels --ein-to-tile --canonicalize | FileCheck %s

// Rows may meet, so they are a loop in ascending order; columns never do: they are the grid and the lanes. One
// coordinate serves all lanes, so being outside is a branch.
// CHECK-DAG: #[[TWO:.*]] = affine_map<()[s0] -> (2)>
// CHECK-DAG: #[[ONE:.*]] = affine_map<()[s0, s1] -> (1)>
// CHECK: func.func private @scatter_0_p0
// CHECK-SAME: tile.grid = #[[TWO]]
// CHECK: scf.for
// CHECK: tile.load
// CHECK: scf.if
// CHECK: tile.load
// CHECK: arith.addf {{.*}} : tensor<64xf32, "lanes">
// CHECK: scf.if
// CHECK: tile.store
func.func @rows(%d: !ein.tensor<[100, 128], f32>, %s: !ein.tensor<[n, 128], f32>, %i: !ein.tensor<[n], i64>)
    -> !ein.tensor<[100, 128], f32> {
  %r = ein.scatter %d[r, c] = %s[n, c] using (%i[n] as r) add
      : !ein.tensor<[100, 128], f32>, !ein.tensor<[n, 128], f32> (!ein.tensor<[n], i64>)
  return %r : !ein.tensor<[100, 128], f32>
}

// An update whose sources are apart stays parallel; what may fall outside is masked.
// CHECK: func.func private @update_0_p1
// CHECK: tile.store {{.*}} where
func.func @outside(%d: !ein.tensor<[n], f32>, %s: !ein.tensor<[m], f32>) -> !ein.tensor<[n], f32> {
  %r = ein.update %d[i + 3] = %s[i] : !ein.tensor<[n], f32>, !ein.tensor<[m], f32>
  return %r : !ein.tensor<[n], f32>
}

// Sources that meet are stored in order by one block.
// CHECK: func.func private @update_0_p2
// CHECK-SAME: tile.grid = #[[ONE]]
func.func @meet(%d: !ein.tensor<[n], f32>, %s: !ein.tensor<[m], f32>) -> !ein.tensor<[n], f32> {
  %r = ein.update %d[i floordiv 2] = %s[i] : !ein.tensor<[n], f32>, !ein.tensor<[m], f32>
  return %r : !ein.tensor<[n], f32>
}
