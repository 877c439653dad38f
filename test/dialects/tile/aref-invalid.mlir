// RUN: einfall-opt %s --split-input-file --verify-diagnostics

func.func @lag(%n: index, %some: i1) {
  // expected-error@below {{ring 'keys' waits for ever: all of its 2 slots are held when the next item is got; expected a lag below 2, but got 2}}
  %r = tile.aref.create "keys" ahead 0 lag 2 : !tile.aref<2, memref<64xbf16>>
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}

// -----

func.func @ahead(%n: index, %some: i1) {
  // expected-error@below {{ring 'keys' waits for ever: items 2 ahead and a lag of 1 need 4 slots, but it has 3}}
  %r = tile.aref.create "keys" ahead 2 lag 1 : !tile.aref<3, memref<64xbf16>>
  tile.aref.close %r : !tile.aref<3, memref<64xbf16>>
  return
}

// -----

func.func @negative(%n: index, %some: i1) {
  // expected-error@below {{expected numbers that are not negative, but ring 'keys' has ahead -1 and lag 0}}
  %r = tile.aref.create "keys" ahead -1 lag 0 : !tile.aref<3, memref<64xbf16>>
  tile.aref.close %r : !tile.aref<3, memref<64xbf16>>
  return
}

// -----

func.func @never_closed(%n: index, %some: i1) {
  // expected-error@below {{expected one tile.aref.close of ring 'keys', but got 0}}
  %r = tile.aref.create "keys" ahead 1 lag 1 : !tile.aref<3, memref<64xbf16>>
  return
}

// -----

func.func @closed_twice(%n: index, %some: i1) {
  // expected-error@below {{expected one tile.aref.close of ring 'keys', but got 2}}
  %r = tile.aref.create "keys" ahead 1 lag 1 : !tile.aref<3, memref<64xbf16>>
  tile.aref.close %r : !tile.aref<3, memref<64xbf16>>
  tile.aref.close %r : !tile.aref<3, memref<64xbf16>>
  return
}

// -----

func.func @closed_elsewhere(%n: index, %some: i1) {
  // expected-error@below {{expected the close of ring 'keys' in the block that creates it}}
  %r = tile.aref.create "keys" ahead 1 lag 1 : !tile.aref<3, memref<64xbf16>>
  scf.if %some {
    // expected-note@below {{it is closed here}}
    tile.aref.close %r : !tile.aref<3, memref<64xbf16>>
  }
  return
}

// -----

func.func @memory(%n: index, %some: i1) {
  %r = tile.aref.create "keys" ahead 0 lag 0 : !tile.aref<2, memref<64xbf16>>
  // expected-error@below {{expected the memory of a slot of '!tile.aref<2, memref<64xbf16>>', but got 'memref<65xbf16>'}}
  %a = tile.aref.get %r[%n] : !tile.aref<2, memref<64xbf16>> -> memref<65xbf16>
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}

// -----

// expected-error@below {{expected a ring of at least 1 slot, but got 0}}
func.func private @depth(!tile.aref<0, memref<64xbf16>>)

// -----

// expected-error@below {{expected flat memory of static size in a slot, but got 'memref<?xbf16>'}}
func.func private @slot(!tile.aref<2, memref<?xbf16>>)
