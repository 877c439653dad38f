// RUN: einfall-opt %s --tile-test-numbers --split-input-file | FileCheck %s
// RUN: einfall-opt %s --tile-test-numbers=marks=true --split-input-file | FileCheck %s --check-prefix=MARKED
// RUN: einfall-opt %s --tile-test-numbers=lanes=64 --split-input-file | FileCheck %s --check-prefix=WIDE

// WIDE-NOT: are_numbers

// MARKED-LABEL: func.func @greatest
// MARKED: tile.reduce "max" {{.*}} {either_zero, numbers}

// CHECK-LABEL: func.func @greatest
// CHECK: %[[YES:.*]] = arith.constant true
// CHECK: %[[ALL:.*]] = tile.broadcast %[[YES]] dims [] : i1 -> tensor<16xi1, "lanes">
// CHECK: %[[M:.*]]:2 = scf.for {{.*}} iter_args(%[[A:.*]] = %{{.*}}, %[[B:.*]] = %[[ALL]])
// CHECK: %[[X:.*]] = tile.load
// CHECK-DAG: %[[GT:.*]] = arith.cmpf ogt, %[[X]], %[[A]]
// CHECK-DAG: %[[S:.*]] = arith.select %[[GT]], %[[X]], %[[A]]
// CHECK-DAG: %[[N:.*]] = tile.are_numbers %[[X]] : tensor<32xf32, "lanes"> -> tensor<16xi1, "lanes">
// CHECK-DAG: %[[T:.*]] = arith.andi %[[B]], %[[N]]
// CHECK: scf.yield %[[S]], %[[T]]
// CHECK: %[[R:.*]] = tile.reduce "max" %[[M]]#0 {either_zero}
// CHECK: %[[AND:.*]] = tile.reduce "and" %[[M]]#1
// CHECK: %[[NAN:.*]] = arith.constant 0x7FC00000
// CHECK: %[[Q:.*]] = arith.select %[[AND]], %[[R]], %[[NAN]]
// CHECK: tile.store %[[Q]]
func.func @greatest(%x: memref<?xf32>, %y: memref<?xf32>, %b: index) attributes {tile.program} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %c4096 = arith.constant 4096 : index
  %low = arith.constant 0xFF800000 : f32
  %least = tile.broadcast %low dims [] : f32 -> tensor<32xf32, "lanes">
  %m = scf.for %i = %c0 to %c4096 step %c32 iter_args(%a = %least) -> tensor<32xf32, "lanes"> {
    %v = tile.load %x[%i] strides[%c1] : memref<?xf32> -> tensor<32xf32, "lanes">
    %n = arith.maximumf %a, %v fastmath<nsz> : tensor<32xf32, "lanes">
    scf.yield %n : tensor<32xf32, "lanes">
  }
  %r = tile.reduce "max" %m {either_zero} : tensor<32xf32, "lanes"> -> f32
  tile.store %r, %y[%b] strides[] : f32, memref<?xf32>
  return
}

// -----

// The operands the other way round, and the least.
// CHECK-LABEL: func.func @least
// CHECK: arith.cmpf olt
// CHECK: tile.are_numbers
func.func @least(%x: memref<?xf32>, %y: memref<?xf32>, %b: index) attributes {tile.program} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %c4096 = arith.constant 4096 : index
  %high = arith.constant 0x7F800000 : f32
  %most = tile.broadcast %high dims [] : f32 -> tensor<32xf32, "lanes">
  %m = scf.for %i = %c0 to %c4096 step %c32 iter_args(%a = %most) -> tensor<32xf32, "lanes"> {
    %v = tile.load %x[%i] strides[%c1] : memref<?xf32> -> tensor<32xf32, "lanes">
    %n = arith.minimumf %v, %a fastmath<nsz> : tensor<32xf32, "lanes">
    scf.yield %n : tensor<32xf32, "lanes">
  }
  %r = tile.reduce "min" %m {either_zero} : tensor<32xf32, "lanes"> -> f32
  tile.store %r, %y[%b] strides[] : f32, memref<?xf32>
  return
}

// -----

// The sign of a zero shows; another reads each lane; what it begins with may be no number; another reads what
// is carried.
// CHECK-LABEL: func.func @kept
// CHECK-NOT: are_numbers
func.func @kept(%x: memref<?xf32>, %y: memref<?xf32>, %b: index, %other: f32) attributes {tile.program} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %c4096 = arith.constant 4096 : index
  %low = arith.constant 0xFF800000 : f32
  %least = tile.broadcast %low dims [] : f32 -> tensor<32xf32, "lanes">
  %any = tile.broadcast %other dims [] : f32 -> tensor<32xf32, "lanes">
  %m:4 = scf.for %i = %c0 to %c4096 step %c32 iter_args(%a = %least, %c = %least, %d = %any, %e = %least)
      -> (tensor<32xf32, "lanes">, tensor<32xf32, "lanes">, tensor<32xf32, "lanes">, tensor<32xf32, "lanes">) {
    %v = tile.load %x[%i] strides[%c1] : memref<?xf32> -> tensor<32xf32, "lanes">
    %n = arith.maximumf %a, %v : tensor<32xf32, "lanes">
    %o = arith.maximumf %c, %v fastmath<nsz> : tensor<32xf32, "lanes">
    %p = arith.maximumf %d, %v fastmath<nsz> : tensor<32xf32, "lanes">
    %q = arith.maximumf %e, %v fastmath<nsz> : tensor<32xf32, "lanes">
    tile.store %e, %y[%i] strides[%c1] : tensor<32xf32, "lanes">, memref<?xf32>
    scf.yield %n, %o, %p, %q : tensor<32xf32, "lanes">, tensor<32xf32, "lanes">, tensor<32xf32, "lanes">, tensor<32xf32, "lanes">
  }
  %r = tile.reduce "max" %m#0 : tensor<32xf32, "lanes"> -> f32
  %s = tile.reduce "max" %m#2 {either_zero} : tensor<32xf32, "lanes"> -> f32
  %t = tile.reduce "max" %m#3 {either_zero} : tensor<32xf32, "lanes"> -> f32
  tile.store %m#1, %y[%c0] strides[%c1] : tensor<32xf32, "lanes">, memref<?xf32>
  tile.store %r, %y[%b] strides[] : f32, memref<?xf32>
  tile.store %s, %y[%b] strides[] : f32, memref<?xf32>
  tile.store %t, %y[%b] strides[] : f32, memref<?xf32>
  return
}
