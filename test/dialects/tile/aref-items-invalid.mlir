// RUN: einfall-opt %s --split-input-file --verify-diagnostics --verify-arefs

func.func @no_get(%x: memref<?xbf16>, %v: bf16, %count: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  // expected-note@below {{the ring of 2 slots is created here}}
  %r = tile.aref.create "keys" ahead 0 lag 0 : !tile.aref<2, memref<64xbf16>>
  // expected-error@below {{'tile.aref.put' op ring 'keys': put without a get: item 0 is put, but never got}}
  %p0 = tile.aref.put %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.commit %r[%c0] : !tile.aref<2, memref<64xbf16>>
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}

// -----

func.func @no_put(%x: memref<?xbf16>, %v: bf16, %count: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  // expected-note@below {{the ring of 2 slots is created here}}
  %r = tile.aref.create "keys" ahead 0 lag 0 : !tile.aref<2, memref<64xbf16>>
  // expected-error@below {{'tile.aref.get' op ring 'keys': get without a put: waits for ever for item 0, but nobody has put it}}
  %g0 = tile.aref.get %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.release %r[%c0] : !tile.aref<2, memref<64xbf16>>
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}

// -----

func.func @no_commit(%x: memref<?xbf16>, %v: bf16, %count: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  // expected-note@below {{the ring of 2 slots is created here}}
  %r = tile.aref.create "keys" ahead 0 lag 0 : !tile.aref<2, memref<64xbf16>>
  %p0 = tile.aref.put %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  // expected-error@below {{get without a put: waits for ever for item 0, but its put is not committed}}
  %g0 = tile.aref.get %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.release %r[%c0] : !tile.aref<2, memref<64xbf16>>
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}

// -----

func.func @no_commit_at_all(%x: memref<?xbf16>, %v: bf16, %count: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  // expected-note@below {{the ring of 2 slots is created here}}
  %r = tile.aref.create "keys" ahead 0 lag 0 : !tile.aref<2, memref<64xbf16>>
  // expected-error@below {{the put of item 0 is never committed}}
  %p0 = tile.aref.put %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}

// -----

func.func @no_release(%x: memref<?xbf16>, %v: bf16, %count: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  // expected-note@below {{the ring of 2 slots is created here}}
  %r = tile.aref.create "keys" ahead 0 lag 0 : !tile.aref<2, memref<64xbf16>>
  %p0 = tile.aref.put %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.commit %r[%c0] : !tile.aref<2, memref<64xbf16>>
  // expected-error@below {{expected a release of item 0 after this get}}
  %g0 = tile.aref.get %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}

// -----

func.func @use_after_release(%x: memref<?xbf16>, %v: bf16, %count: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  // expected-note@below {{the ring of 2 slots is created here}}
  %r = tile.aref.create "keys" ahead 0 lag 0 : !tile.aref<2, memref<64xbf16>>
  %p0 = tile.aref.put %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.commit %r[%c0] : !tile.aref<2, memref<64xbf16>>
  %g0 = tile.aref.get %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  // expected-note@below {{it is released here}}
  tile.aref.release %r[%c0] : !tile.aref<2, memref<64xbf16>>
  // expected-error@below {{'tile.load' op ring 'keys': uses the slot of item 0 after its release}}
  %u = tile.load %g0[%c0] strides[] : memref<64xbf16> -> bf16
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}

// -----

// Of a loop in which no item moves, the first iterations and the last one are followed.
func.func @use_in_last_iteration(%x: memref<?xbf16>, %v: bf16, %count: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c9 = arith.constant 9 : index
  %c8 = arith.constant 8 : index
  // expected-note@below {{the ring of 2 slots is created here}}
  %r = tile.aref.create "keys" ahead 0 lag 0 : !tile.aref<2, memref<64xbf16>>
  %p0 = tile.aref.put %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.commit %r[%c0] : !tile.aref<2, memref<64xbf16>>
  %g0 = tile.aref.get %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  // expected-note@below {{it is released here}}
  tile.aref.release %r[%c0] : !tile.aref<2, memref<64xbf16>>
  scf.for %i = %c0 to %c9 step %c2 {
    %last = arith.cmpi eq, %i, %c8 : index
    scf.if %last {
      // expected-error@below {{'tile.load' op ring 'keys': uses the slot of item 0 after its release}}
      %u = tile.load %g0[%c0] strides[] : memref<64xbf16> -> bf16
    }
  }
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}

// -----

func.func @slot_after_release(%x: memref<?xbf16>, %v: bf16, %count: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  // expected-note@below {{the ring of 2 slots is created here}}
  %r = tile.aref.create "keys" ahead 0 lag 0 : !tile.aref<2, memref<64xbf16>>
  %p0 = tile.aref.put %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.commit %r[%c0] : !tile.aref<2, memref<64xbf16>>
  %g0 = tile.aref.get %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  // expected-note@below {{it is released here}}
  tile.aref.release %r[%c0] : !tile.aref<2, memref<64xbf16>>
  // expected-error@below {{uses the slot of item 0 after its release}}
  %s0 = tile.aref.slot %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}

// -----

func.func @slot_before_get(%x: memref<?xbf16>, %v: bf16, %count: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  // expected-note@below {{the ring of 2 slots is created here}}
  %r = tile.aref.create "keys" ahead 0 lag 0 : !tile.aref<2, memref<64xbf16>>
  %p0 = tile.aref.put %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.commit %r[%c0] : !tile.aref<2, memref<64xbf16>>
  // expected-error@below {{uses item 0, which has not been got}}
  %s0 = tile.aref.slot %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  %g0 = tile.aref.get %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.release %r[%c0] : !tile.aref<2, memref<64xbf16>>
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}

// -----

func.func @use_after_commit(%x: memref<?xbf16>, %v: bf16, %count: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  // expected-note@below {{the ring of 2 slots is created here}}
  %r = tile.aref.create "keys" ahead 0 lag 0 : !tile.aref<2, memref<64xbf16>>
  %p0 = tile.aref.put %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.commit %r[%c0] : !tile.aref<2, memref<64xbf16>>
  // expected-error@below {{'tile.store' op ring 'keys': uses the slot of item 0 after its commit}}
  tile.store %v, %p0[%c0] strides[] : bf16, memref<64xbf16>
  %g0 = tile.aref.get %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.release %r[%c0] : !tile.aref<2, memref<64xbf16>>
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}

// -----

func.func @wrong_put(%x: memref<?xbf16>, %v: bf16, %count: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  // expected-note@below {{the ring of 2 slots is created here}}
  %r = tile.aref.create "keys" ahead 0 lag 0 : !tile.aref<2, memref<64xbf16>>
  // expected-error@below {{wrong slot: expected item 0 (slot 0) to be put, but got item 1 (slot 1)}}
  %p1 = tile.aref.put %r[%c1] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}

// -----

func.func @wrong_commit(%x: memref<?xbf16>, %v: bf16, %count: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  // expected-note@below {{the ring of 2 slots is created here}}
  %r = tile.aref.create "keys" ahead 0 lag 0 : !tile.aref<2, memref<64xbf16>>
  %p0 = tile.aref.put %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  // expected-error@below {{wrong slot: expected item 0 (slot 0) to be committed, but got item 1 (slot 1)}}
  tile.aref.commit %r[%c1] : !tile.aref<2, memref<64xbf16>>
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}

// -----

func.func @wrong_get(%x: memref<?xbf16>, %v: bf16, %count: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  // expected-note@below {{the ring of 2 slots is created here}}
  %r = tile.aref.create "keys" ahead 1 lag 0 : !tile.aref<2, memref<64xbf16>>
  %p0 = tile.aref.put %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.commit %r[%c0] : !tile.aref<2, memref<64xbf16>>
  %p1 = tile.aref.put %r[%c1] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.commit %r[%c1] : !tile.aref<2, memref<64xbf16>>
  // expected-error@below {{wrong slot: expected item 0 (slot 0) to be got, but got item 1 (slot 1)}}
  %g1 = tile.aref.get %r[%c1] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}

// -----

func.func @wrong_release(%x: memref<?xbf16>, %v: bf16, %count: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  // expected-note@below {{the ring of 2 slots is created here}}
  %r = tile.aref.create "keys" ahead 0 lag 1 : !tile.aref<2, memref<64xbf16>>
  %p0 = tile.aref.put %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.commit %r[%c0] : !tile.aref<2, memref<64xbf16>>
  %g0 = tile.aref.get %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  %p1 = tile.aref.put %r[%c1] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.commit %r[%c1] : !tile.aref<2, memref<64xbf16>>
  %g1 = tile.aref.get %r[%c1] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  // expected-error@below {{wrong slot: expected item 0 (slot 0) to be released, but got item 1 (slot 1)}}
  tile.aref.release %r[%c1] : !tile.aref<2, memref<64xbf16>>
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}

// -----

func.func @get_again(%x: memref<?xbf16>, %v: bf16, %count: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  // expected-note@below {{the ring of 2 slots is created here}}
  %r = tile.aref.create "keys" ahead 0 lag 0 : !tile.aref<2, memref<64xbf16>>
  %p0 = tile.aref.put %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.commit %r[%c0] : !tile.aref<2, memref<64xbf16>>
  %g0 = tile.aref.get %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  // expected-error@below {{gets item 0 a second time}}
  %h0 = tile.aref.get %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}

// -----

func.func @release_again(%x: memref<?xbf16>, %v: bf16, %count: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  // expected-note@below {{the ring of 2 slots is created here}}
  %r = tile.aref.create "keys" ahead 0 lag 0 : !tile.aref<2, memref<64xbf16>>
  %p0 = tile.aref.put %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.commit %r[%c0] : !tile.aref<2, memref<64xbf16>>
  %g0 = tile.aref.get %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.release %r[%c0] : !tile.aref<2, memref<64xbf16>>
  // expected-error@below {{releases item 0 a second time}}
  tile.aref.release %r[%c0] : !tile.aref<2, memref<64xbf16>>
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}

// -----

func.func @release_first(%x: memref<?xbf16>, %v: bf16, %count: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  // expected-note@below {{the ring of 2 slots is created here}}
  %r = tile.aref.create "keys" ahead 0 lag 0 : !tile.aref<2, memref<64xbf16>>
  %p0 = tile.aref.put %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.commit %r[%c0] : !tile.aref<2, memref<64xbf16>>
  // expected-error@below {{releases item 0, which has not been got}}
  tile.aref.release %r[%c0] : !tile.aref<2, memref<64xbf16>>
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}

// -----

func.func @commit_first(%x: memref<?xbf16>, %v: bf16, %count: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  // expected-note@below {{the ring of 2 slots is created here}}
  %r = tile.aref.create "keys" ahead 0 lag 0 : !tile.aref<2, memref<64xbf16>>
  // expected-error@below {{commits item 0 without a put}}
  tile.aref.commit %r[%c0] : !tile.aref<2, memref<64xbf16>>
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}

// -----

func.func @put_in_put(%x: memref<?xbf16>, %v: bf16, %count: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  // expected-note@below {{the ring of 2 slots is created here}}
  %r = tile.aref.create "keys" ahead 0 lag 0 : !tile.aref<2, memref<64xbf16>>
  %p0 = tile.aref.put %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  // expected-error@below {{expected the commit of item 0 before item 1 is put}}
  %p1 = tile.aref.put %r[%c1] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}

// -----

// What is got is not released, though the ring says that nothing is held when the next item comes.
func.func @late_release(%x: memref<?xbf16>, %v: bf16, %count: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  // expected-note@below {{the ring of 2 slots is created here}}
  %r = tile.aref.create "keys" ahead 0 lag 0 : !tile.aref<2, memref<64xbf16>>
  scf.for %n = %c0 to %count step %c1 {
    %pn = tile.aref.put %r[%n] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
    tile.aref.commit %r[%n] : !tile.aref<2, memref<64xbf16>>
    // expected-error@below {{expected a release lag of at most 0, but item 0 is still held when item 1 is got}}
    %gn = tile.aref.get %r[%n] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  }
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}

// -----

// The release never comes: the ring is full.
func.func @waits(%x: memref<?xbf16>, %v: bf16, %count: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  // expected-note@below {{the ring of 2 slots is created here}}
  %r = tile.aref.create "keys" ahead 0 lag 1 : !tile.aref<2, memref<64xbf16>>
  scf.for %n = %c0 to %count step %c1 {
    // expected-error@below {{waits for ever: item 2 goes to slot 0, but item 0 is still held there}}
    %pn = tile.aref.put %r[%n] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
    tile.aref.commit %r[%n] : !tile.aref<2, memref<64xbf16>>
    %gn = tile.aref.get %r[%n] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  }
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}

// -----

func.func @not_got(%x: memref<?xbf16>, %v: bf16, %count: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  // expected-note@below {{the ring of 2 slots is created here}}
  %r = tile.aref.create "keys" ahead 1 lag 0 : !tile.aref<2, memref<64xbf16>>
  scf.for %n = %c0 to %count step %c1 {
    // expected-error@below {{waits for ever: item 2 goes to slot 0, but item 0 has not been got from there}}
    %pn = tile.aref.put %r[%n] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
    tile.aref.commit %r[%n] : !tile.aref<2, memref<64xbf16>>
  }
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}

// -----

func.func @too_far(%x: memref<?xbf16>, %v: bf16, %count: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  // expected-note@below {{the ring of 2 slots is created here}}
  %r = tile.aref.create "keys" ahead 0 lag 0 : !tile.aref<2, memref<64xbf16>>
  %p0 = tile.aref.put %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.commit %r[%c0] : !tile.aref<2, memref<64xbf16>>
  // expected-error@below {{expected items to 0 ahead of the last one got, but item 1 is put when none is}}
  %p1 = tile.aref.put %r[%c1] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}

// -----

func.func @too_late(%x: memref<?xbf16>, %v: bf16, %count: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  // expected-note@below {{the ring of 2 slots is created here}}
  %r = tile.aref.create "keys" ahead 1 lag 0 : !tile.aref<2, memref<64xbf16>>
  %p0 = tile.aref.put %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.commit %r[%c0] : !tile.aref<2, memref<64xbf16>>
  %g0 = tile.aref.get %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.release %r[%c0] : !tile.aref<2, memref<64xbf16>>
  // expected-error@below {{item 1 comes late: expected it to be put before item 0 is got, 1 ahead}}
  %p1 = tile.aref.put %r[%c1] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}

// -----

// With few items only.
func.func @one_path(%x: memref<?xbf16>, %v: bf16, %count: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  // expected-note@below {{the ring of 2 slots is created here}}
  %r = tile.aref.create "keys" ahead 0 lag 0 : !tile.aref<2, memref<64xbf16>>
  %some = arith.cmpi sgt, %count, %c2 : index
  // expected-error@below {{put without a get: item 0 is put, but never got}}
  %p0 = tile.aref.put %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.commit %r[%c0] : !tile.aref<2, memref<64xbf16>>
  scf.if %some {
    %g0 = tile.aref.get %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
    tile.aref.release %r[%c0] : !tile.aref<2, memref<64xbf16>>
  }
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}
