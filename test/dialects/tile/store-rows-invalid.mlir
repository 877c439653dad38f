// RUN: einfall-opt %s --split-input-file --verify-diagnostics

func.func @bits(%x: memref<?xbf16>, %m: memref<4096xf16>, %i: index) {
  // expected-error@below {{stores bits, but goes from 'f16' to 'bf16'}}
  tile.store_rows %m stride 72 to %x[%i] stride %i rows %i columns %i shape [32, 64] : memref<4096xf16> to memref<?xbf16>
  return
}

// -----

func.func @width(%x: memref<?xi8>, %m: memref<4096xi8>, %i: index) {
  // expected-error@below {{stores elements of 16 or 32 bits, but got 'i8'}}
  tile.store_rows %m stride 72 to %x[%i] stride %i rows %i columns %i shape [32, 64] : memref<4096xi8> to memref<?xi8>
  return
}

// -----

func.func @row(%x: memref<?xbf16>, %m: memref<4096xbf16>, %i: index) {
  // expected-error@below {{expected rows of a multiple of 8 elements, a multiple of 8 apart}}
  tile.store_rows %m stride 72 to %x[%i] stride %i rows %i columns %i shape [32, 60] : memref<4096xbf16> to memref<?xbf16>
  return
}

// -----

func.func @apart(%x: memref<?xf32>, %m: memref<4096xf32>, %i: index) {
  // expected-error@below {{expected rows of a multiple of 4 elements, a multiple of 4 apart}}
  tile.store_rows %m stride 66 to %x[%i] stride %i rows %i columns %i shape [32, 64] : memref<4096xf32> to memref<?xf32>
  return
}

// -----

func.func @past(%x: memref<?xbf16>, %m: memref<64xbf16>, %i: index) {
  // expected-error@below {{expected 16 rows of 64 elements, 72 apart, in 'memref<64xbf16>'}}
  tile.store_rows %m stride 72 to %x[%i] stride %i rows %i columns %i shape [16, 64] : memref<64xbf16> to memref<?xbf16>
  return
}

// -----

func.func @over(%x: memref<?xbf16>, %m: memref<4096xbf16>, %i: index) {
  // expected-error@below {{expected 16 rows of 64 elements, 8 apart, in 'memref<4096xbf16>'}}
  tile.store_rows %m stride 8 to %x[%i] stride %i rows %i columns %i shape [16, 64] : memref<4096xbf16> to memref<?xbf16>
  return
}
