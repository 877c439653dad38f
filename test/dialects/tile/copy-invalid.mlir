// RUN: einfall-opt %s --split-input-file --verify-diagnostics

func.func @bits(%x: memref<?xbf16>, %m: memref<4096xf16>, %i: index) {
  // expected-error@below {{copies bits, but goes from 'bf16' to 'f16'}}
  tile.copy %x[%i] stride %i rows %i columns %i to %m[%i] stride 72 shape [32, 64] : memref<?xbf16> to memref<4096xf16>
  return
}

// -----

func.func @width(%x: memref<?xf64>, %m: memref<4096xf64>, %i: index) {
  // expected-error@below {{copies elements of 16 or 32 bits, but got 'f64'}}
  tile.copy %x[%i] stride %i rows %i columns %i to %m[%i] stride 72 shape [32, 64] : memref<?xf64> to memref<4096xf64>
  return
}

// -----

func.func @no_number(%x: memref<?xindex>, %m: memref<4096xindex>, %i: index) {
  // expected-error@below {{copies elements of 16 or 32 bits, but got 'index'}}
  tile.copy %x[%i] stride %i rows %i columns %i to %m[%i] stride 72 shape [32, 64] : memref<?xindex> to memref<4096xindex>
  return
}

// -----

func.func @shape(%x: memref<?xbf16>, %m: memref<4096xbf16>, %i: index) {
  // expected-error@below {{expected rows of a multiple of 8 elements, a multiple of 8 apart}}
  tile.copy %x[%i] stride %i rows %i columns %i to %m[%i] stride 72 shape [64] : memref<?xbf16> to memref<4096xbf16>
  return
}

// -----

func.func @row(%x: memref<?xbf16>, %m: memref<4096xbf16>, %i: index) {
  // expected-error@below {{expected rows of a multiple of 8 elements, a multiple of 8 apart}}
  tile.copy %x[%i] stride %i rows %i columns %i to %m[%i] stride 72 shape [32, 60] : memref<?xbf16> to memref<4096xbf16>
  return
}

// -----

func.func @stride(%x: memref<?xbf16>, %m: memref<4096xbf16>, %i: index) {
  // expected-error@below {{expected rows of a multiple of 8 elements, a multiple of 8 apart}}
  tile.copy %x[%i] stride %i rows %i columns %i to %m[%i] stride 68 shape [32, 64] : memref<?xbf16> to memref<4096xbf16>
  return
}

// -----

func.func @ends(%x: memref<?xbf16>, %m: memref<4096xbf16>, %i: index) {
  // expected-error@below {{expected both rows and columns, or an aligned copy of all of them}}
  tile.copy %x[%i] stride %i to %m[%i] stride 72 shape [32, 64] : memref<?xbf16> to memref<4096xbf16>
  return
}

// -----

func.func @wide(%x: memref<?xf32>, %m: memref<4096xf32>, %i: index) {
  // expected-error@below {{expected rows of a multiple of 4 elements, a multiple of 4 apart}}
  tile.copy %x[%i] stride %i rows %i columns %i to %m[%i] stride 66 shape [32, 64] : memref<?xf32> to memref<4096xf32>
  return
}
