// A call's first block has none before it; of others the number before is known.
//
// RUN: einfall-opt %s --cpu-lower-programs | FileCheck %s

// CHECK-LABEL: llvm.func hidden @f
// CHECK-SAME: (%{{.*}}: !llvm.ptr, %[[FROM:.*]]: i64, %{{.*}}: i64)
// CHECK-DAG: %[[FIRST:.*]] = arith.index_cast %[[FROM]]
// CHECK: scf.for %[[BLOCK:.*]] = %[[FIRST]]
// CHECK: %[[PART:.*]] = arith.subi %[[BLOCK]], %{{.*}}
// CHECK: %[[IS_FIRST:.*]] = arith.cmpi eq, %[[BLOCK]], %[[FIRST]]
// CHECK: %[[LESS:.*]] = arith.subi %[[PART]], %{{.*}}
// CHECK: %[[BEFORE:.*]] = arith.select %[[IS_FIRST]], %{{.*}}, %[[LESS]]
// CHECK: arith.cmpi slt, %[[BEFORE]]
func.func private @f(%y: memref<?xf32>, %block: index) attributes {tile.program} {
  %c0 = arith.constant 0 : index
  %c7 = arith.constant 7 : index
  %zero = arith.constant 0.0 : f32
  %part = arith.subi %block, %c7 : index
  %before = tile.previous %part
  %none = arith.cmpi slt, %before, %c0 : index
  scf.if %none {
    tile.store %zero, %y[%part] strides[] : f32, memref<?xf32>
  }
  return
}
