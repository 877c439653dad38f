// RUN: einfall-opt %s --tile-pair-lanes --split-input-file | FileCheck %s
// RUN: einfall-opt %s --tile-pair-lanes=lanes=64 --split-input-file | FileCheck %s --check-prefix=WIDE

// WIDE-NOT: pairs

// A row's sum, and what is scaled with it.
// CHECK-LABEL: func.func @norm
func.func @norm(%x: memref<?xbf16>, %y: memref<?xbf16>, %b: index) attributes {tile.program} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %c4096 = arith.constant 4096 : index
  %zero = arith.constant 0.0 : f32
  %none = tile.broadcast %zero dims [] : f32 -> tensor<32xf32, "lanes">
  // CHECK: scf.for
  // CHECK: %[[A:.*]] = tile.load
  // CHECK: %[[W:.*]] = tile.extend_pairs %[[A]] : tensor<32xbf16, "lanes"> -> tensor<32xf32, "lanes">
  // CHECK: arith.addf %{{.*}}, %[[W]]
  %sum = scf.for %i = %c0 to %c4096 step %c32 iter_args(%s = %none) -> tensor<32xf32, "lanes"> {
    %a = tile.load %x[%i] strides[%c1] : memref<?xbf16> -> tensor<32xbf16, "lanes">
    %w = arith.extf %a : tensor<32xbf16, "lanes"> to tensor<32xf32, "lanes">
    %t = arith.addf %s, %w : tensor<32xf32, "lanes">
    scf.yield %t : tensor<32xf32, "lanes">
  }
  // CHECK: tile.reduce "add"
  %r = tile.reduce "add" %sum : tensor<32xf32, "lanes"> -> f32
  %all = tile.broadcast %r dims [] : f32 -> tensor<32xf32, "lanes">
  scf.for %i = %c0 to %c4096 step %c32 {
    %a = tile.load %x[%i] strides[%c1] : memref<?xbf16> -> tensor<32xbf16, "lanes">
    // CHECK: tile.extend_pairs
    %w = arith.extf %a : tensor<32xbf16, "lanes"> to tensor<32xf32, "lanes">
    %t = arith.mulf %w, %all : tensor<32xf32, "lanes">
    // CHECK: %[[R:.*]] = tile.round_pairs %{{.*}} : tensor<32xf32, "lanes"> -> tensor<32xbf16, "lanes">
    %n = arith.truncf %t : tensor<32xf32, "lanes"> to tensor<32xbf16, "lanes">
    // CHECK: tile.store %[[R]]
    tile.store %n, %y[%i] strides[%c1] : tensor<32xbf16, "lanes">, memref<?xbf16>
  }
  return
}

// -----

// The block's own memory holds whole groups, so they may lie in any order.
// CHECK-LABEL: func.func @kept
func.func @kept(%x: memref<?xbf16>, %y: memref<?xbf16>, %b: index) attributes {tile.program} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %c4096 = arith.constant 4096 : index
  %own = tile.local : memref<4096xf32>
  scf.for %i = %c0 to %c4096 step %c32 {
    %a = tile.load %x[%i] strides[%c1] : memref<?xbf16> -> tensor<32xbf16, "lanes">
    // CHECK: tile.extend_pairs
    %w = arith.extf %a : tensor<32xbf16, "lanes"> to tensor<32xf32, "lanes">
    tile.store %w, %own[%i] strides[%c1] : tensor<32xf32, "lanes">, memref<4096xf32>
  }
  scf.for %i = %c0 to %c4096 step %c32 {
    %w = tile.load %own[%i] strides[%c1] : memref<4096xf32> -> tensor<32xf32, "lanes">
    // CHECK: tile.round_pairs
    %n = arith.truncf %w : tensor<32xf32, "lanes"> to tensor<32xbf16, "lanes">
    tile.store %n, %y[%i] strides[%c1] : tensor<32xbf16, "lanes">, memref<?xbf16>
  }
  return
}

// -----

// A part of a group would be another part in another order.
// CHECK-LABEL: func.func @part
// CHECK-NOT: pairs
func.func @part(%x: memref<?xbf16>, %b: index) attributes {tile.program} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %own = tile.local : memref<4096xf32>
  %a = tile.load %x[%b] strides[%c1] : memref<?xbf16> -> tensor<32xbf16, "lanes">
  %w = arith.extf %a : tensor<32xbf16, "lanes"> to tensor<32xf32, "lanes">
  tile.store %w, %own[%c0] strides[%c1] : tensor<32xf32, "lanes">, memref<4096xf32>
  %v = tile.load %own[%c0] strides[%c1] limit %b : memref<4096xf32> -> tensor<32xf32, "lanes">
  %r = tile.reduce "max" %v : tensor<32xf32, "lanes"> -> f32
  tile.store %r, %own[%b] strides[] : f32, memref<4096xf32>
  return
}

// -----

// .. and so would a group that begins elsewhere.
// CHECK-LABEL: func.func @shifted
// CHECK-NOT: pairs
func.func @shifted(%x: memref<?xbf16>, %y: memref<?xf32>, %b: index) attributes {tile.program} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %own = tile.local : memref<4096xf32>
  %a = tile.load %x[%b] strides[%c1] : memref<?xbf16> -> tensor<32xbf16, "lanes">
  %w = arith.extf %a : tensor<32xbf16, "lanes"> to tensor<32xf32, "lanes">
  tile.store %w, %own[%c0] strides[%c1] : tensor<32xf32, "lanes">, memref<4096xf32>
  %v = tile.load %own[%c16] strides[%c1] : memref<4096xf32> -> tensor<32xf32, "lanes">
  %r = tile.reduce "max" %v : tensor<32xf32, "lanes"> -> f32
  tile.store %r, %y[%b] strides[] : f32, memref<?xf32>
  return
}

// -----

// Weights of f32 have the order of memory; then nothing pairs, the sum neither.
// CHECK-LABEL: func.func @mixed
// CHECK-NOT: pairs
func.func @mixed(%x: memref<?xbf16>, %g: memref<?xf32>, %y: memref<?xbf16>, %b: index) attributes {tile.program} {
  %c1 = arith.constant 1 : index
  %a = tile.load %x[%b] strides[%c1] : memref<?xbf16> -> tensor<32xbf16, "lanes">
  %w = arith.extf %a : tensor<32xbf16, "lanes"> to tensor<32xf32, "lanes">
  %r = tile.reduce "add" %w : tensor<32xf32, "lanes"> -> f32
  %all = tile.broadcast %r dims [] : f32 -> tensor<32xf32, "lanes">
  %c = tile.load %x[%b] strides[%c1] : memref<?xbf16> -> tensor<32xbf16, "lanes">
  %v = arith.extf %c : tensor<32xbf16, "lanes"> to tensor<32xf32, "lanes">
  %s = arith.mulf %v, %all : tensor<32xf32, "lanes">
  %h = tile.load %g[%b] strides[%c1] : memref<?xf32> -> tensor<32xf32, "lanes">
  %t = arith.mulf %s, %h : tensor<32xf32, "lanes">
  %n = arith.truncf %t : tensor<32xf32, "lanes"> to tensor<32xbf16, "lanes">
  tile.store %n, %y[%b] strides[%c1] : tensor<32xbf16, "lanes">, memref<?xbf16>
  return
}

// -----

// Coordinates count in the order of memory, and so does what a branch may give in their place.
// CHECK-LABEL: func.func @coordinates
// CHECK-NOT: pairs
func.func @coordinates(%x: memref<?xbf16>, %y: memref<?xf32>, %b: index, %p: i1) attributes {tile.program} {
  %c1 = arith.constant 1 : index
  %n = tile.iota %b : tensor<32xindex, "lanes">
  %m = arith.index_cast %n : tensor<32xindex, "lanes"> to tensor<32xi32, "lanes">
  %f = arith.sitofp %m : tensor<32xi32, "lanes"> to tensor<32xf32, "lanes">
  %a = tile.load %x[%b] strides[%c1] : memref<?xbf16> -> tensor<32xbf16, "lanes">
  %w = arith.extf %a : tensor<32xbf16, "lanes"> to tensor<32xf32, "lanes">
  %v = scf.if %p -> tensor<32xf32, "lanes"> {
    scf.yield %w : tensor<32xf32, "lanes">
  } else {
    scf.yield %f : tensor<32xf32, "lanes">
  }
  %r = tile.reduce "add" %v : tensor<32xf32, "lanes"> -> f32
  tile.store %r, %y[%b] strides[] : f32, memref<?xf32>
  return
}

// -----

// The order of a strict sum is that of the program.
// CHECK-LABEL: func.func @strict
// CHECK-NOT: pairs
func.func @strict(%x: memref<?xbf16>, %y: memref<?xf32>, %b: index) attributes {tile.program, ein.numerics = "strict"} {
  %c1 = arith.constant 1 : index
  %a = tile.load %x[%b] strides[%c1] : memref<?xbf16> -> tensor<32xbf16, "lanes">
  %w = arith.extf %a : tensor<32xbf16, "lanes"> to tensor<32xf32, "lanes">
  %r = tile.reduce "add" %w : tensor<32xf32, "lanes"> -> f32
  tile.store %r, %y[%b] strides[] : f32, memref<?xf32>
  return
}
