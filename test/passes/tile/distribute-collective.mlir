// RUN: einfall-opt %s --tile-distribute-warps=warps=8 | FileCheck %s
// RUN: not einfall-opt %s --tile-distribute-warps=warps=1 2>&1 | FileCheck %s --check-prefix=ONE

// A fragment lies over all warps: each stores its own part.
// CHECK-LABEL: func.func private @fragment
// CHECK-SAME: tile.warps = 8
// CHECK-NOT: scf.if
// CHECK: tile.store {{.*}} #tile.fragment
// ONE: error: 'func.func' op needs all warps of a block, but what it does cannot be dealt to them
#warps = #tile.fragment<row_warps = 2, column_warps = 4>
func.func private @fragment(%out: memref<?xf32>, %n: index, %block: index) attributes {tile.program} {
  %c1 = arith.constant 1 : index
  %x = arith.constant 1.0 : f32
  %tile = tile.broadcast %x dims [] : f32 -> tensor<32x64xf32, #warps>
  tile.store %tile, %out[%block] strides[%n, %c1] : tensor<32x64xf32, #warps>, memref<?xf32>
  return
}
