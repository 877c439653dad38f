// RUN: einfall-opt %s --ein-derive-folds --ein-form-kernels --ein-stage-kernels -o %t
// RUN: FileCheck %s --check-prefix=GUARD < %t
// RUN: einfall-opt %t --ein-to-tile --canonicalize --cse | FileCheck %s

// The sum over what a mask shows. Chunks without any of it are skipped; the
// stage with the mask is written twice, once for chunks where all is shown: of a product
// what follows it.
// GUARD-LABEL: func.func @shown
// GUARD: arith.cmpi sle, {{.*}} : index
// GUARD-NEXT: ein.yield
// GUARD: ein.guard

// What is written the other way round: the guard is the opposite.
// GUARD-LABEL: func.func @hidden
// GUARD: %[[C:.*]] = arith.cmpi sgt, {{.*}} : index
// GUARD: arith.xori %[[C]], %{{.*}} : i1
// GUARD: ein.guard

// Data: between which values they lie is read first, of rows once, of columns
// in each chunk.
// GUARD-LABEL: func.func @documents
// GUARD: arith.cmpi eq, {{.*}} : i64
// GUARD: ein.guard

// CHECK-LABEL: func.func private @reduce_0_p0
// CHECK: scf.for {{.*}} step %c64
// CHECK: %[[SOME:.*]] = arith.cmpi sle
// CHECK: scf.if %[[SOME]]
// CHECK: %[[ALL:.*]] = arith.cmpi sle
// CHECK: math.fma
// CHECK: scf.if %[[ALL]] {
// CHECK-NOT: arith.select
// CHECK-NOT: math.fma
// CHECK: } else {
// CHECK-NOT: math.fma
// CHECK: arith.select

// CHECK-LABEL: func.func private @reduce_0_p1
// CHECK: scf.for {{.*}} step %c64
// CHECK: scf.if
// CHECK: scf.if {{.*}} {
// CHECK-NOT: arith.select
// CHECK: } else {
// CHECK: arith.cmpi sgt, {{.*}} : tensor
// CHECK: arith.select

// CHECK-LABEL: func.func private @reduce_0_p2
// CHECK: tile.reduce "min" {{.*}} -> i64
// CHECK: tile.reduce "max" {{.*}} -> i64
// CHECK: scf.for {{.*}} step %c64
// CHECK: tile.reduce "min" {{.*}} -> i64
// CHECK: tile.reduce "max" {{.*}} -> i64
// CHECK: scf.if
// CHECK: scf.if {{.*}} {
// CHECK-NOT: arith.select {{.*}}f32
// CHECK: } else {
// CHECK: arith.cmpi eq, {{.*}} : tensor
// CHECK: arith.select

func.func @shown(%q: !ein.tensor<[P, 64], f32>, %k: !ein.tensor<[M, 64], f32>) -> !ein.tensor<[P], f32> attributes {ein.entry} {
  %s = ein.einsum (%q[p, d], %k[m, d]) -> [p, m] reduce [d: add] : (!ein.tensor<[P, 64], f32>, !ein.tensor<[M, 64], f32>) -> !ein.tensor<[P, M], f32>
  %t = ein.einsum (%s[p, m]) -> [p, m] : (!ein.tensor<[P, M], f32>) -> !ein.tensor<[P, M], f32> {
  ^bb0(%x: f32):
    %zero = arith.constant 0.0 : f32
    %p = ein.index "p"
    %m = ein.index "m"
    %ok = arith.cmpi sle, %m, %p : index
    %y = arith.select %ok, %x, %zero : f32
    ein.yield %y : f32
  }
  %z = ein.einsum (%t[p, m]) -> [p] reduce [m: add] : (!ein.tensor<[P, M], f32>) -> !ein.tensor<[P], f32>
  return %z : !ein.tensor<[P], f32>
}

func.func @hidden(%q: !ein.tensor<[P, 64], f32>, %k: !ein.tensor<[M, 64], f32>) -> !ein.tensor<[P], f32> attributes {ein.entry} {
  %s = ein.einsum (%q[p, d], %k[m, d]) -> [p, m] reduce [d: add] : (!ein.tensor<[P, 64], f32>, !ein.tensor<[M, 64], f32>) -> !ein.tensor<[P, M], f32>
  %t = ein.einsum (%s[p, m]) -> [p, m] : (!ein.tensor<[P, M], f32>) -> !ein.tensor<[P, M], f32> {
  ^bb0(%x: f32):
    %zero = arith.constant 0.0 : f32
    %p = ein.index "p"
    %m = ein.index "m"
    %no = arith.cmpi sgt, %m, %p : index
    %y = arith.select %no, %zero, %x : f32
    ein.yield %y : f32
  }
  %z = ein.einsum (%t[p, m]) -> [p] reduce [m: add] : (!ein.tensor<[P, M], f32>) -> !ein.tensor<[P], f32>
  return %z : !ein.tensor<[P], f32>
}

func.func @documents(%q: !ein.tensor<[P, 64], f32>, %k: !ein.tensor<[P, 64], f32>, %ids: !ein.tensor<[P], i64>) -> !ein.tensor<[P], f32> attributes {ein.entry} {
  %s = ein.einsum (%q[p, d], %k[m, d]) -> [p, m] reduce [d: add] : (!ein.tensor<[P, 64], f32>, !ein.tensor<[P, 64], f32>) -> !ein.tensor<[P, P], f32>
  %t = ein.einsum (%s[p, m], %ids[p], %ids[m]) -> [p, m] : (!ein.tensor<[P, P], f32>, !ein.tensor<[P], i64>, !ein.tensor<[P], i64>) -> !ein.tensor<[P, P], f32> {
  ^bb0(%x: f32, %a: i64, %b: i64):
    %zero = arith.constant 0.0 : f32
    %ok = arith.cmpi eq, %a, %b : i64
    %y = arith.select %ok, %x, %zero : f32
    ein.yield %y : f32
  }
  %z = ein.einsum (%t[p, m]) -> [p] reduce [m: add] : (!ein.tensor<[P, P], f32>) -> !ein.tensor<[P], f32>
  return %z : !ein.tensor<[P], f32>
}
