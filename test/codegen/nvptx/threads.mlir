// RUN: einfall-opt %s --nvptx-lower-programs | FileCheck %s
// RUN: not einfall-opt %s --nvptx-lower-programs=shared-bytes=100 2>&1 | FileCheck %s --check-prefix=SMALL

// SMALL: error: {{.*}} keeps 640 bytes in a block's memory, of which the target has 100

// Lane l is with thread l mod 32, in register l / 32; a limit is tested by each.
// CHECK-LABEL: llvm.func ptx_kernelcc @sums
// CHECK-SAME: nvptx.shared = 0
// CHECK-SAME: nvptx.threads = 64
// CHECK: %[[THREAD:.*]] = arith.remui
// CHECK: = scf.if
// CHECK: arith.addi %[[THREAD]], %c32
// CHECK: = scf.if
// CHECK: %[[BOTH:.*]] = arith.addf
// CHECK: llvm.nvvm.shfl.sync.bfly.i32
// CHECK-COUNT-4: llvm.nvvm.shfl.sync.bfly.i32
// CHECK-NOT: shfl
// What all threads hold one of them stores.
// CHECK: llvm.nvvm.bar.warp.sync
// CHECK: llvm.store
// CHECK: llvm.return
func.func private @sums(%x: memref<?xf32>, %out: memref<?xf32>, %n: index, %block: index) attributes {tile.program, tile.warps = 2 : i64} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = tile.load %x[%c0] strides[%c1] limit %n : memref<?xf32> -> tensor<64xf32, "lanes">
  %1 = tile.reduce "add" %0 : tensor<64xf32, "lanes"> -> f32
  tile.store %1, %out[%block] strides[] : f32, memref<?xf32>
  return
}

// Memory of which the last use is over is taken again: 512 + 128 bytes.
// CHECK-LABEL: llvm.func ptx_kernelcc @locals
// CHECK-SAME: nvptx.shared = 640
// CHECK-DAG: llvm.mlir.addressof @locals_shared : !llvm.ptr<3>
// CHECK: llvm.nvvm.barrier.cta.sync.aligned.all
func.func private @locals(%out: memref<?xf32>, %block: index) attributes {tile.program, tile.warps = 1 : i64} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = arith.constant dense<1.0> : tensor<32xf32, "lanes">
  %a = tile.local : memref<128xf32>
  tile.store %x, %a[%c0] strides[%c1] : tensor<32xf32, "lanes">, memref<128xf32>
  tile.barrier
  %b = tile.local : memref<32xf32>
  %y = tile.load %a[%c0] strides[%c1] : memref<128xf32> -> tensor<32xf32, "lanes">
  tile.store %y, %b[%c0] strides[%c1] : tensor<32xf32, "lanes">, memref<32xf32>
  tile.barrier
  %c = tile.local : memref<128xf32>
  %z = tile.load %b[%c0] strides[%c1] : memref<32xf32> -> tensor<32xf32, "lanes">
  tile.store %z, %c[%c0] strides[%c1] : tensor<32xf32, "lanes">, memref<128xf32>
  tile.barrier
  return
}

// A team of two warps. Lanes past a limit are left out, one by one where nothing is known of it;
// products that may be contracted are a part of the sum. The warps leave what they have in two
// halves of shared memory in turn, so that they meet once for each sum.
// CHECK-LABEL: llvm.func ptx_kernelcc @team
// CHECK-SAME: nvptx.blocks = 16
// CHECK-SAME: nvptx.shared = 32
// CHECK: %[[NONE:.*]] = arith.constant 0xFF800000 : f32
// CHECK: arith.select %{{.*}}, %{{.*}}, %[[NONE]] : f32
// CHECK: llvm.nvvm.shfl.sync.bfly.i32
// CHECK: llvm.nvvm.barrier.cta.sync.aligned.all
// CHECK: math.fma
// CHECK: llvm.nvvm.shfl.sync.bfly.i32
// CHECK: llvm.nvvm.barrier.cta.sync.aligned.all
// CHECK-NOT: llvm.nvvm.barrier.cta.sync.aligned.all
// CHECK: llvm.store
func.func private @team(%x: memref<?xf32>, %out: memref<?xf32>, %n: index, %block: index) attributes {tile.program, tile.team = 2 : i64, tile.warps = 2 : i64} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = tile.load %x[%c0] strides[%c1] limit %n : memref<?xf32> -> tensor<128xf32, "lanes">
  %1 = tile.reduce "max" %0 limit %n : tensor<128xf32, "lanes"> -> f32
  %2 = tile.broadcast %1 dims [] : f32 -> tensor<128xf32, "lanes">
  %3 = arith.mulf %0, %2 fastmath<contract> : tensor<128xf32, "lanes">
  %4 = tile.reduce "add" %3 : tensor<128xf32, "lanes"> -> f32
  %5 = tile.broadcast %4 dims [] : f32 -> tensor<128xf32, "lanes">
  tile.store %5, %out[%c0] strides[%c1] : tensor<128xf32, "lanes">, memref<?xf32>
  return
}
