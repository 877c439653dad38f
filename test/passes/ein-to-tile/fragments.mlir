// RUN: einfall-opt %s --compile-to=tile --target=sm_90a | FileCheck %s
// RUN: einfall-compile %s --compile-to=tile --target=sm_90a --count-visits -o - | FileCheck %s --check-prefix=COUNT

// Attention in registers, two parts of 16 rows a warp. Chunks that count for nothing are passed over by a search, of the next one while
// this one is computed. In whole chunks that no mask cuts distances are f32, made of coordinates that are converted once, and what
// the second product is added to is where its sums begin.
// COUNT-COUNT-2: tile.count "chunks"
// COUNT: tile.count "visited"
// CHECK: scf.while (%[[AT:.*]] = %{{.*}}) : (index) -> index {
// CHECK: scf.while {{.*}} : (tensor<128xf32, #[[ROWS:.*]]>, tensor<128x64xf32, #[[ALL:.*]]>, tensor<128xf32, #{{.*}}>, index, index)
// CHECK: tile.wait
// CHECK: scf.while (%{{.*}} = %{{.*}}) : (index) -> index {
// CHECK: tile.copy
// CHECK: %[[SCORES:.*]] = scf.if %{{.*}} -> (tensor<128x64xf32
// CHECK: arith.sitofp %{{.*}} : tensor<128xi32
// CHECK: arith.sitofp %{{.*}} : tensor<64xi32
// CHECK: math.absf %{{.*}} : tensor<128x64xf32
// CHECK-NOT: absi
// CHECK: } else {
// CHECK: math.absi %{{.*}} : tensor<128x64xi64
// Columns from the chunk's first one on, below a limit that is one more than the row.
// CHECK: tile.iota %{{.*}} : tensor<128xindex
// CHECK: arith.addi %{{.*}}, %{{.*}} : tensor<128xi32
// CHECK: arith.cmpi sgt, %{{.*}} : tensor<128x64xi32
// What follows is written once.
// CHECK: tile.reduce "max" %[[SCORES]]
// CHECK: math.exp %{{.*}} fastmath<afn>
// CHECK: %[[BEFORE:.*]] = arith.mulf %{{.*}} : tensor<128x64xf32
// CHECK: tile.mma %{{.*}}, %{{.*}}, %[[BEFORE]] :
func.func @distance_back(%q: !ein.tensor<[h, s, 64], bf16> {ein.name = "q"}, %k: !ein.tensor<[h, t, 64], bf16> {ein.name = "k"}, %v: !ein.tensor<[h, t, 64], bf16> {ein.name = "v"}) -> (!ein.tensor<[h, s, 64], bf16> {ein.name = "y"}) attributes {ein.entry} {
  %w = ein.einsum (%q[h, s, d], %k[h, t, d]) -> [h, s, t] reduce [d: add] : (!ein.tensor<[h, s, 64], bf16>, !ein.tensor<[h, t, 64], bf16>) -> !ein.tensor<[h, s, t], f32> {
  ^bb0(%a: bf16, %b: bf16):
    %x = arith.extf %a : bf16 to f32
    %y = arith.extf %b : bf16 to f32
    %z = arith.mulf %x, %y : f32
    ein.yield %z : f32
  }
  %w2 = ein.einsum (%w[h, s, t]) -> [h, s, t] : (!ein.tensor<[h, s, t], f32>) -> !ein.tensor<[h, s, t], f32> {
  ^bb0(%a0: f32):
    %c = arith.constant 0.25 : f32
    %a1 = arith.mulf %a0, %c : f32
    %sd = ein.index "s"
    %td = ein.index "t"
    %si = arith.index_cast %sd : index to i64
    %ti = arith.index_cast %td : index to i64
    %di = arith.subi %si, %ti : i64
    %ai = math.absi %di : i64
    %af = arith.sitofp %ai : i64 to f32
    %slope = arith.constant 0.125 : f32
    %fall = arith.mulf %slope, %af : f32
    %a2 = arith.subf %a1, %fall : f32
    %a3 = arith.addf %a2, %c : f32
    %t0 = ein.index "t"
    %s0 = ein.index "s"
    %in0 = arith.cmpi sle, %t0, %s0 : index
    %span = arith.constant 1099511627776 : index
    %first = arith.subi %s0, %span : index
    %in1 = arith.cmpi sgt, %t0, %first : index
    %in = arith.andi %in0, %in1 : i1
    %none = arith.constant 0xFF800000 : f32
    %a4 = arith.select %in, %a3, %none : f32
    ein.yield %a4 : f32
  }
  %m = ein.einsum (%w2[h, s, u]) -> [h, s] reduce [u: max] : (!ein.tensor<[h, s, t], f32>) -> !ein.tensor<[h, s], f32>
  %p = ein.einsum (%w2[h, s, t], %m[h, s]) -> [h, s, t] : (!ein.tensor<[h, s, t], f32>, !ein.tensor<[h, s], f32>) -> !ein.tensor<[h, s, t], f32> {
  ^bb0(%a: f32, %b: f32):
    %x = arith.subf %a, %b : f32
    %y = math.exp %x : f32
    ein.yield %y : f32
  }
  %l = ein.einsum (%p[h, s, t]) -> [h, s] reduce [t: add] : (!ein.tensor<[h, s, t], f32>) -> !ein.tensor<[h, s], f32>
  %o = ein.einsum (%p[h, s, t], %v[h, t, e]) -> [h, s, e] reduce [t: add] : (!ein.tensor<[h, s, t], f32>, !ein.tensor<[h, t, 64], bf16>) -> !ein.tensor<[h, s, 64], f32> {
  ^bb0(%a: f32, %b: bf16):
    %y = arith.extf %b : bf16 to f32
    %z = arith.mulf %a, %y : f32
    ein.yield %z : f32
  }
  %y = ein.einsum (%o[h, s, e], %l[h, s]) -> [h, s, e] : (!ein.tensor<[h, s, 64], f32>, !ein.tensor<[h, s], f32>) -> !ein.tensor<[h, s, 64], bf16> {
  ^bb0(%a: f32, %b: f32):
    %quotient = arith.divf %a, %b : f32
    %n = arith.truncf %quotient : f32 to bf16
    ein.yield %n : bf16
  }
  return %y : !ein.tensor<[h, s, 64], bf16>
}
