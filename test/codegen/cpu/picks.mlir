// Lanes that are other than neighbours in their order are a load of what lies there and a shuffle;
// no element is read that no lane is.
//
// RUN: einfall-opt %s --cpu-lower-programs | FileCheck %s

// CHECK-LABEL: llvm.func hidden @picks
// CHECK: %[[TWO:.*]] = llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr -> vector<2xf32>
// CHECK: vector.shuffle %[[TWO]], %[[TWO]] [0, 0, 1, 1]
// CHECK: %[[THREE:.*]] = llvm.intr.masked.load %{{.*}}, %{{.*}}, %{{.*}} {alignment = 4 : i32} : {{.*}} -> vector<4xf32>
// CHECK: vector.shuffle %[[THREE]], %[[THREE]] [0, 0, 2, 2]
func.func private @picks(%x: memref<?xf32>, %y: memref<?xf32>, %block: index) attributes {tile.program} {
  %c1 = arith.constant 1 : index
  %near = tile.load %x[%block] strides[%c1] picks [0, 0, 1, 1] : memref<?xf32> -> tensor<4xf32, "lanes">
  %far = tile.load %y[%block] strides[%c1] picks [0, 0, 2, 2] : memref<?xf32> -> tensor<4xf32, "lanes">
  %sum = arith.addf %near, %far : tensor<4xf32, "lanes">
  tile.store %sum, %y[%block] strides[%c1] : tensor<4xf32, "lanes">, memref<?xf32>
  return
}
