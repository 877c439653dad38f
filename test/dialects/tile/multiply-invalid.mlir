// RUN: einfall-opt %s --split-input-file --verify-diagnostics

func.func @element(%s: memref<?xf32>, %a: memref<?xi32>, %i: index, %f: i1) {
  // expected-error@below {{expected groups of bf16 or i8, but got 'f16'}}
  tile.multiply %s[%i by %i], %a[%i by %i], %a[%i by %i] rows %i columns 32 groups %i fresh %f of f16 : memref<?xf32>, memref<?xi32>, memref<?xi32>
  return
}

// -----

func.func @sums(%s: memref<?xf32>, %a: memref<?xi32>, %i: index, %f: i1) {
  // expected-error@below {{expected sums of i32, but got 'f32'}}
  tile.multiply %s[%i by %i], %a[%i by %i], %a[%i by %i] rows %i columns 32 groups %i fresh %f of i8 : memref<?xf32>, memref<?xi32>, memref<?xi32>
  return
}

// -----

func.func @left(%s: memref<?xf32>, %a: memref<?xi8>, %b: memref<?xi32>, %i: index, %f: i1) {
  // expected-error@below {{expected factors of i32 or 'bf16', but got 'i8'}}
  tile.multiply %s[%i by %i], %a[%i by %i], %b[%i by %i] rows %i columns 32 groups %i fresh %f of bf16 : memref<?xf32>, memref<?xi8>, memref<?xi32>
  return
}

// -----

func.func @columns(%s: memref<?xf32>, %a: memref<?xi32>, %i: index, %f: i1) {
  // expected-error@below {{expected 16 or 32 columns, but got 48}}
  tile.multiply %s[%i by %i], %a[%i by %i], %a[%i by %i] rows %i columns 48 groups %i fresh %f of bf16 : memref<?xf32>, memref<?xi32>, memref<?xi32>
  return
}

// -----

func.func @signs(%s: memref<?xf32>, %a: memref<?xi32>, %i: index, %f: i1) {
  // expected-error@below {{expected bytes where a factor is unsigned, but got bf16}}
  tile.multiply %s[%i by %i], %a[%i by %i], %a[%i by %i] rows %i columns 32 groups %i fresh %f of bf16 unsigned_lhs : memref<?xf32>, memref<?xi32>, memref<?xi32>
  return
}

// -----

func.func @ahead(%s: memref<?xf32>, %a: memref<?xi32>, %i: index, %f: i1) {
  // expected-error@below {{expected a line and a number of lines ahead, but got 1 numbers}}
  tile.multiply %s[%i by %i], %a[%i by %i], %a[%i by %i] rows %i columns 32 groups %i fresh %f of bf16 ahead[%i] : memref<?xf32>, memref<?xi32>, memref<?xi32>
  return
}
