// RUN: einfall-opt %s --tile-join-branches | FileCheck %s

#f = #tile.fragment<row_warps = 4, column_warps = 1>
#r = #tile.fragment<row_warps = 4, column_warps = 1, columns = false>

// The end is written once, behind a branch around the mask: it reads what either way leaves.
// CHECK-LABEL: func.func private @masked
// CHECK-SAME: (%[[WHOLE:.*]]: i1, %[[MASK:.*]]: tensor<128x128xi1, #[[F:.*]]>, %[[X:.*]]: tensor<128x128xf32, #[[F]]>)
// CHECK: %[[LEAST:.*]] = tile.broadcast
// CHECK: %[[LEFT:.*]] = scf.if %[[WHOLE]] -> (tensor<128x128xf32, #[[F]]>) {
// CHECK-NEXT: scf.yield %[[X]]
// CHECK-NEXT: } else {
// CHECK-NEXT: %[[CUT:.*]] = arith.select %[[MASK]], %[[X]], %[[LEAST]]
// CHECK-NEXT: scf.yield %[[CUT]]
// CHECK-NEXT: }
// CHECK-NEXT: %[[POWER:.*]] = math.exp %[[LEFT]]
// CHECK-NEXT: %[[SUM:.*]] = tile.reduce "add" %[[POWER]]
// CHECK-NEXT: return %[[POWER]], %[[SUM]]
func.func private @masked(%whole: i1, %mask: tensor<128x128xi1, #f>, %x: tensor<128x128xf32, #f>) -> (tensor<128x128xf32, #f>, tensor<128xf32, #r>) attributes {tile.program} {
  %inf = arith.constant 0xFF800000 : f32
  %least = tile.broadcast %inf dims [] : f32 -> tensor<128x128xf32, #f>
  %r:2 = scf.if %whole -> (tensor<128x128xf32, #f>, tensor<128xf32, #r>) {
    %e = math.exp %x : tensor<128x128xf32, #f>
    %s = tile.reduce "add" %e : tensor<128x128xf32, #f> -> tensor<128xf32, #r>
    scf.yield %e, %s : tensor<128x128xf32, #f>, tensor<128xf32, #r>
  } else {
    %m = arith.select %mask, %x, %least : tensor<128x128xi1, #f>, tensor<128x128xf32, #f>
    %e = math.exp %m : tensor<128x128xf32, #f>
    %s = tile.reduce "add" %e : tensor<128x128xf32, #f> -> tensor<128xf32, #r>
    scf.yield %e, %s : tensor<128x128xf32, #f>, tensor<128xf32, #r>
  }
  return %r#0, %r#1 : tensor<128x128xf32, #f>, tensor<128xf32, #r>
}

// One way reads %x twice, the other %x and what is masked of it: that is no one value. What follows is joined
// alone, and reads the sum of each way.
// CHECK-LABEL: func.func private @read_twice
// CHECK: %[[LEFT:.*]] = scf.if
// CHECK: %[[SUM:.*]] = arith.addf %[[X:.*]], %[[X]]
// CHECK-NEXT: scf.yield %[[SUM]]
// CHECK: arith.select
// CHECK-NEXT: arith.addf
// CHECK: math.exp %[[LEFT]]
// CHECK-NEXT: return
func.func private @read_twice(%whole: i1, %mask: tensor<128x128xi1, #f>, %x: tensor<128x128xf32, #f>, %y: tensor<128x128xf32, #f>) -> tensor<128x128xf32, #f> attributes {tile.program} {
  %r = scf.if %whole -> (tensor<128x128xf32, #f>) {
    %a = arith.addf %x, %x : tensor<128x128xf32, #f>
    %e = math.exp %a : tensor<128x128xf32, #f>
    scf.yield %e : tensor<128x128xf32, #f>
  } else {
    %m = arith.select %mask, %x, %y : tensor<128x128xi1, #f>, tensor<128x128xf32, #f>
    %a = arith.addf %x, %m : tensor<128x128xf32, #f>
    %e = math.exp %a : tensor<128x128xf32, #f>
    scf.yield %e : tensor<128x128xf32, #f>
  }
  return %r : tensor<128x128xf32, #f>
}

// The ways yield what the other one has in another place: nothing is the same of both.
// CHECK-LABEL: func.func private @crossed
// CHECK: scf.if
// CHECK: math.exp
// CHECK-NEXT: math.absf
// CHECK-NEXT: scf.yield
// CHECK: math.exp
// CHECK-NEXT: math.absf
func.func private @crossed(%whole: i1, %x: tensor<128x128xf32, #f>) -> (tensor<128x128xf32, #f>, tensor<128x128xf32, #f>) attributes {tile.program} {
  %r:2 = scf.if %whole -> (tensor<128x128xf32, #f>, tensor<128x128xf32, #f>) {
    %e = math.exp %x : tensor<128x128xf32, #f>
    %a = math.absf %x : tensor<128x128xf32, #f>
    scf.yield %e, %a : tensor<128x128xf32, #f>, tensor<128x128xf32, #f>
  } else {
    %e = math.exp %x : tensor<128x128xf32, #f>
    %a = math.absf %x : tensor<128x128xf32, #f>
    scf.yield %a, %e : tensor<128x128xf32, #f>, tensor<128x128xf32, #f>
  }
  return %r#0, %r#1 : tensor<128x128xf32, #f>, tensor<128x128xf32, #f>
}

// Few instructions are no reason to meet, and so is other code.
// CHECK-LABEL: func.func private @small
// CHECK: scf.if
// CHECK: math.exp
// CHECK: else
// CHECK: math.exp
func.func private @small(%whole: i1, %x: tensor<128xf32, #r>, %y: tensor<128xf32, #r>) -> tensor<128xf32, #r> attributes {tile.program} {
  %r = scf.if %whole -> (tensor<128xf32, #r>) {
    %e = math.exp %x : tensor<128xf32, #r>
    scf.yield %e : tensor<128xf32, #r>
  } else {
    %e = math.exp %y : tensor<128xf32, #r>
    scf.yield %e : tensor<128xf32, #r>
  }
  return %r : tensor<128xf32, #r>
}

// A loop at the end is the same if what is in it is; values that the ways make are read inside.
// CHECK-LABEL: func.func private @loop
// CHECK: %[[LEFT:.*]] = scf.if
// CHECK: scf.for
// CHECK-NEXT: arith.addf %{{.*}}, %[[LEFT]]
// CHECK-NOT: scf.for
// CHECK: return
func.func private @loop(%whole: i1, %mask: tensor<128x128xi1, #f>, %x: tensor<128x128xf32, #f>, %n: index) -> tensor<128x128xf32, #f> attributes {tile.program} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.if %whole -> (tensor<128x128xf32, #f>) {
    %s = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> (tensor<128x128xf32, #f>) {
      %b = arith.addf %a, %x : tensor<128x128xf32, #f>
      scf.yield %b : tensor<128x128xf32, #f>
    }
    scf.yield %s : tensor<128x128xf32, #f>
  } else {
    %m = math.absf %x : tensor<128x128xf32, #f>
    %s = scf.for %i = %c0 to %n step %c1 iter_args(%a = %m) -> (tensor<128x128xf32, #f>) {
      %b = arith.addf %a, %m : tensor<128x128xf32, #f>
      scf.yield %b : tensor<128x128xf32, #f>
    }
    scf.yield %s : tensor<128x128xf32, #f>
  }
  return %r : tensor<128x128xf32, #f>
}

// Memory is not chosen: each way stores to its own.
// CHECK-LABEL: func.func private @memory
// CHECK-NOT: -> (memref
// CHECK: scf.if
// CHECK: tile.store
// CHECK: else
// CHECK: tile.store
func.func private @memory(%whole: i1, %x: tensor<128x128xf32, #f>, %a: memref<?xf32>, %b: memref<?xf32>, %i: index) attributes {tile.program} {
  scf.if %whole {
    %u = math.exp %x : tensor<128x128xf32, #f>
    tile.store %u, %a[%i] strides[%i, %i] : tensor<128x128xf32, #f>, memref<?xf32>
  } else {
    %u = math.exp %x : tensor<128x128xf32, #f>
    tile.store %u, %b[%i] strides[%i, %i] : tensor<128x128xf32, #f>, memref<?xf32>
  }
  return
}

// Tangents of 128 elements a thread are a long program, which has its beginnings once, too.
// CHECK-LABEL: func.func private @long
// CHECK: math.tanh
// CHECK-NEXT: math.tanh
// CHECK-NEXT: scf.if
// CHECK-NEXT: math.absf
// CHECK: else
// CHECK-NEXT: math.exp
// CHECK-NOT: math.tanh
// CHECK: return
func.func private @long(%whole: i1, %x: tensor<128x128xf32, #f>) -> tensor<128x128xf32, #f> attributes {tile.program} {
  %r = scf.if %whole -> (tensor<128x128xf32, #f>) {
    %a = math.tanh %x : tensor<128x128xf32, #f>
    %b = math.tanh %a : tensor<128x128xf32, #f>
    %c = math.absf %b : tensor<128x128xf32, #f>
    scf.yield %c : tensor<128x128xf32, #f>
  } else {
    %a = math.tanh %x : tensor<128x128xf32, #f>
    %b = math.tanh %a : tensor<128x128xf32, #f>
    %c = math.exp %b : tensor<128x128xf32, #f>
    scf.yield %c : tensor<128x128xf32, #f>
  }
  return %r : tensor<128x128xf32, #f>
}
