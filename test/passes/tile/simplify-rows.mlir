// RUN: einfall-opt %s --tile-simplify-rows | FileCheck %s

#f = #tile.fragment<row_warps = 4, column_warps = 1>
#r = #tile.fragment<row_warps = 4, column_warps = 1, columns = false>
#c = #tile.fragment<row_warps = 4, column_warps = 1, rows = false>

// What a ragged chunk leaves out, and what a mask does, is left out once: below the lesser of both limits. The scale is
// a row's, and one operation with the sum.
// CHECK-LABEL: func.func private @weights
// CHECK-SAME: (%[[X:.*]]: tensor<128x64xf32, #[[F:.*]]>, %[[HIGH:.*]]: tensor<128xi32, #{{.*}}>, %[[END:.*]]: i32,
func.func private @weights(%x: tensor<128x64xf32, #f>, %high: tensor<128xi32, #r>, %end: i32, %old: tensor<128xf32, #r>) -> (tensor<128xf32, #r>, tensor<128x64xf32, #f>) {
  %c0 = arith.constant 0 : index
  %eighth = arith.constant 0.125 : f32
  %inf = arith.constant 0x7F800000 : f32
  %least = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %places = tile.iota %c0 : tensor<64xindex, #c>
  %columns = arith.index_cast %places : tensor<64xindex, #c> to tensor<64xi32, #c>
  %limits = tile.broadcast %high dims [0] : tensor<128xi32, #r> -> tensor<128x64xi32, #f>
  %all = tile.broadcast %columns dims [1] : tensor<64xi32, #c> -> tensor<128x64xi32, #f>
  %seen = arith.cmpi sgt, %limits, %all : tensor<128x64xi32, #f>
  %ends = tile.broadcast %end dims [] : i32 -> tensor<64xi32, #c>
  %in = arith.cmpi sgt, %ends, %columns : tensor<64xi32, #c>
  %exists = tile.broadcast %in dims [1] : tensor<64xi1, #c> -> tensor<128x64xi1, #f>
  %scales = tile.broadcast %eighth dims [] : f32 -> tensor<128x64xf32, #f>
  %leasts = tile.broadcast %least dims [] : f32 -> tensor<128x64xf32, #f>
  %zeros = tile.broadcast %zero dims [] : f32 -> tensor<128x64xf32, #f>
  %scaled = arith.mulf %x, %scales : tensor<128x64xf32, #f>
  %masked = arith.select %seen, %scaled, %leasts : tensor<128x64xi1, #f>, tensor<128x64xf32, #f>
  %there = arith.select %exists, %masked, %leasts : tensor<128x64xi1, #f>, tensor<128x64xf32, #f>
  // CHECK: %[[ENDS:.*]] = tile.broadcast %[[END]] dims [] : i32 -> tensor<128xi32
  // CHECK: %[[LESS:.*]] = arith.minsi %[[ENDS]], %[[HIGH]]
  // CHECK: %[[LIMITS:.*]] = tile.broadcast %[[LESS]] dims [0]
  // CHECK: %[[SEEN:.*]] = arith.cmpi sgt, %[[LIMITS]],
  // CHECK: %[[LEFT:.*]] = arith.select %[[SEEN]], %[[X]],
  // CHECK: %[[MOST:.*]] = tile.reduce "max" %[[LEFT]]
  // CHECK: arith.mulf %[[MOST]], %{{.*}} : tensor<128xf32
  %most = tile.reduce "max" %there : tensor<128x64xf32, #f> -> tensor<128xf32, #r>
  %new = arith.maximumf %old, %most : tensor<128xf32, #r>
  %negative = arith.negf %new : tensor<128xf32, #r>
  %size = math.absf %negative : tensor<128xf32, #r>
  %infs = tile.broadcast %inf dims [] : f32 -> tensor<128xf32, #r>
  %rowZeros = tile.broadcast %zero dims [] : f32 -> tensor<128xf32, #r>
  %isFinite = arith.cmpf olt, %size, %infs : tensor<128xf32, #r>
  %shift = arith.select %isFinite, %negative, %rowZeros : tensor<128xi1, #r>, tensor<128xf32, #r>
  %shifts = tile.broadcast %shift dims [0] : tensor<128xf32, #r> -> tensor<128x64xf32, #f>
  // CHECK: %[[SUM:.*]] = math.fma %[[LEFT]],
  // CHECK: %[[EXP:.*]] = math.exp %[[SUM]]
  // CHECK-NOT: select
  // CHECK: return %{{.*}}, %[[EXP]]
  %sum = arith.addf %masked, %shifts : tensor<128x64xf32, #f>
  %exp = math.exp %sum : tensor<128x64xf32, #f>
  %weights = arith.select %exists, %exp, %zeros : tensor<128x64xi1, #f>, tensor<128x64xf32, #f>
  return %new, %weights : tensor<128xf32, #r>, tensor<128x64xf32, #f>
}

// Elements that the maximum leaves out and the weights do not are read from a select of their own.
// CHECK-LABEL: func.func private @narrower
// CHECK: %[[WIDE:.*]] = arith.select %arg2, %arg0,
// CHECK: arith.addf %[[WIDE]],
func.func private @narrower(%x: tensor<128x64xf32, #f>, %a: tensor<128x64xi1, #f>, %b: tensor<128x64xi1, #f>, %d: tensor<128x64xi1, #f>, %shifts: tensor<128x64xf32, #f>) -> (tensor<128xf32, #r>, tensor<128x64xf32, #f>) {
  %least = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %leasts = tile.broadcast %least dims [] : f32 -> tensor<128x64xf32, #f>
  %zeros = tile.broadcast %zero dims [] : f32 -> tensor<128x64xf32, #f>
  %ab = arith.andi %a, %b : tensor<128x64xi1, #f>
  %abd = arith.andi %ab, %d : tensor<128x64xi1, #f>
  %narrow = arith.select %abd, %x, %leasts : tensor<128x64xi1, #f>, tensor<128x64xf32, #f>
  %most = tile.reduce "max" %narrow : tensor<128x64xf32, #f> -> tensor<128xf32, #r>
  %wide = arith.select %b, %x, %leasts : tensor<128x64xi1, #f>, tensor<128x64xf32, #f>
  %sum = arith.addf %wide, %shifts : tensor<128x64xf32, #f>
  %exp = math.exp %sum : tensor<128x64xf32, #f>
  %weights = arith.select %a, %exp, %zeros : tensor<128x64xi1, #f>, tensor<128x64xf32, #f>
  return %most, %weights : tensor<128xf32, #r>, tensor<128x64xf32, #f>
}

// Two selects of the same, both read elsewhere, do not take each other's place for ever.
// CHECK-LABEL: func.func private @same
// CHECK: %[[FIRST:.*]] = arith.select
// CHECK: math.fma %[[FIRST]],
// CHECK: math.exp
func.func private @same(%x: tensor<128x64xf32, #f>, %a: tensor<128x64xi1, #f>, %shifts: tensor<128x64xf32, #f>) -> (tensor<128xf32, #r>, tensor<128xf32, #r>, tensor<128x64xf32, #f>) {
  %least = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %half = arith.constant 0.5 : f32
  %quarter = arith.constant 0.25 : f32
  %leasts = tile.broadcast %least dims [] : f32 -> tensor<128x64xf32, #f>
  %zeros = tile.broadcast %zero dims [] : f32 -> tensor<128x64xf32, #f>
  %halves = tile.broadcast %half dims [] : f32 -> tensor<128x64xf32, #f>
  %quarters = tile.broadcast %quarter dims [] : f32 -> tensor<128x64xf32, #f>
  %x0 = arith.mulf %x, %halves : tensor<128x64xf32, #f>
  %x1 = arith.mulf %x, %quarters : tensor<128x64xf32, #f>
  %s0 = arith.select %a, %x0, %leasts : tensor<128x64xi1, #f>, tensor<128x64xf32, #f>
  %s1 = arith.select %a, %x1, %leasts : tensor<128x64xi1, #f>, tensor<128x64xf32, #f>
  %m0 = tile.reduce "max" %s0 : tensor<128x64xf32, #f> -> tensor<128xf32, #r>
  %m1 = tile.reduce "max" %s1 : tensor<128x64xf32, #f> -> tensor<128xf32, #r>
  %sum = arith.addf %s1, %shifts : tensor<128x64xf32, #f>
  %exp = math.exp %sum : tensor<128x64xf32, #f>
  %weights = arith.select %a, %exp, %zeros : tensor<128x64xi1, #f>, tensor<128x64xf32, #f>
  return %m0, %m1, %weights : tensor<128xf32, #r>, tensor<128xf32, #r>, tensor<128x64xf32, #f>
}

// What is not shifted by something finite may be anything at the end: it is left out there.
// CHECK-LABEL: func.func private @infinite
// CHECK: math.exp
// CHECK: arith.select
func.func private @infinite(%x: tensor<128x64xf32, #f>, %exists: tensor<128x64xi1, #f>, %shifts: tensor<128x64xf32, #f>) -> tensor<128x64xf32, #f> {
  %least = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %leasts = tile.broadcast %least dims [] : f32 -> tensor<128x64xf32, #f>
  %zeros = tile.broadcast %zero dims [] : f32 -> tensor<128x64xf32, #f>
  %there = arith.select %exists, %x, %leasts : tensor<128x64xi1, #f>, tensor<128x64xf32, #f>
  %sum = arith.addf %there, %shifts : tensor<128x64xf32, #f>
  %exp = math.exp %sum : tensor<128x64xf32, #f>
  %weights = arith.select %exists, %exp, %zeros : tensor<128x64xi1, #f>, tensor<128x64xf32, #f>
  return %weights : tensor<128x64xf32, #f>
}

// Only powers of two, no greater than 1, round nothing and end nowhere.
// CHECK-LABEL: func.func private @scales
// CHECK: math.fma
// CHECK-NOT: math.fma
// CHECK: tile.reduce "max" %[[THIRDS:.*]] : tensor<128x64xf32
// CHECK-NEXT: return
func.func private @scales(%x: tensor<128x64xf32, #f>, %y: tensor<128x64xf32, #f>) -> (tensor<128x64xf32, #f>, tensor<128x64xf32, #f>, tensor<128x64xf32, #f>, tensor<128xf32, #r>) {
  %quarter = arith.constant 0.25 : f32
  %third = arith.constant 0.3 : f32
  %two = arith.constant 2.0 : f32
  %quarters = tile.broadcast %quarter dims [] : f32 -> tensor<128x64xf32, #f>
  %thirds = tile.broadcast %third dims [] : f32 -> tensor<128x64xf32, #f>
  %twos = tile.broadcast %two dims [] : f32 -> tensor<128x64xf32, #f>
  %a = arith.mulf %x, %quarters : tensor<128x64xf32, #f>
  %b = arith.mulf %x, %thirds : tensor<128x64xf32, #f>
  %c = arith.mulf %x, %twos : tensor<128x64xf32, #f>
  %d = arith.subf %y, %a : tensor<128x64xf32, #f>
  %e = arith.addf %b, %y : tensor<128x64xf32, #f>
  %f = arith.addf %c, %y : tensor<128x64xf32, #f>
  %m = tile.reduce "max" %b : tensor<128x64xf32, #f> -> tensor<128xf32, #r>
  return %d, %e, %f, %m : tensor<128x64xf32, #f>, tensor<128x64xf32, #f>, tensor<128x64xf32, #f>, tensor<128xf32, #r>
}
