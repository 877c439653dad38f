// Rows that memory bounds: what leaves the caches anyway is not read into them first, the
// next block's row comes while this one is scaled, and powers are scaled by one instruction.
//
// RUN: einfall-opt %s --einfall-pipeline="target=x86-64-v4-dot to=tile" | FileCheck %s
// RUN: einfall-compile %s -S --target=x86-64-v4-dot -o - | FileCheck %s --check-prefix=CODE
// RUN: einfall-compile %s -S --target=x86-64-v3 -o - | FileCheck %s --check-prefix=AVX2

// CODE-LABEL: reduce_0_p0:
// CODE: vscalefps
// CODE: vmovntps {{.*}}%zmm
// CODE: {{mfence|lock}}

// AVX2-LABEL: reduce_0_p0:
// AVX2-NOT: vscalefps
// AVX2: vmovntps {{.*}}%ymm

func.func @softmax(%x: !ein.tensor<[s, 4096], f32>) -> !ein.tensor<[s, 4096], f32> attributes {ein.entry} {
  %m = ein.einsum (%x[s, k]) -> [s] reduce [k: max] : (!ein.tensor<[s, 4096], f32>) -> !ein.tensor<[s], f32>
  %e = ein.einsum (%x[s, k], %m[s]) -> [s, k] : (!ein.tensor<[s, 4096], f32>, !ein.tensor<[s], f32>) -> !ein.tensor<[s, 4096], f32> {
  ^bb0(%a: f32, %b: f32):
    %d = arith.subf %a, %b : f32
    %t = math.exp %d : f32
    ein.yield %t : f32
  }
  %l = ein.einsum (%e[s, k]) -> [s] reduce [k: add] : (!ein.tensor<[s, 4096], f32>) -> !ein.tensor<[s], f32>
  %y = ein.einsum (%e[s, k], %l[s]) -> [s, k] : (!ein.tensor<[s, 4096], f32>, !ein.tensor<[s], f32>) -> !ein.tensor<[s, 4096], f32> {
  ^bb0(%a: f32, %b: f32):
    %q = arith.divf %a, %b : f32
    ein.yield %q : f32
  }
  return %y : !ein.tensor<[s, 4096], f32>
}

// A row in 32 bits is half of the first cache, so a block has one, and asks for the next one.
// CHECK-LABEL: func.func private @reduce_0_p1
// CHECK: tile.load %arg0[{{.*}}] strides[%{{.*}}] : memref<?xf32>
// CHECK: tile.load %arg0[{{.*}}] strides[%{{.*}}] ahead 4096 : memref<?xf32>
// CHECK-NOT: tile.load %arg0
// CHECK: scf.if
// CHECK-NEXT: tile.store %[[Y:.*]], %arg1[{{.*}}] strides[%{{.*}}] past_caches
// CHECK-NEXT: } else {
// CHECK-NEXT: tile.store %[[Y]], %arg1[{{.*}}] strides[%{{[a-z0-9_]*}}] :
func.func @scaled(%x: !ein.tensor<[s, 4096], f32>) -> !ein.tensor<[s, 4096], f32> attributes {ein.entry} {
  %l = ein.einsum (%x[s, k], %x[s, k]) -> [s] reduce [k: add] : (!ein.tensor<[s, 4096], f32>, !ein.tensor<[s, 4096], f32>) -> !ein.tensor<[s], f32> {
  ^bb0(%a: f32, %b: f32):
    %p = arith.mulf %a, %b : f32
    ein.yield %p : f32
  }
  %y = ein.einsum (%x[s, k], %l[s]) -> [s, k] : (!ein.tensor<[s, 4096], f32>, !ein.tensor<[s], f32>) -> !ein.tensor<[s, 4096], f32> {
  ^bb0(%a: f32, %b: f32):
    %r = math.rsqrt %b : f32
    %q = arith.mulf %a, %r : f32
    ein.yield %q : f32
  }
  return %y : !ein.tensor<[s, 4096], f32>
}
