// RUN: einfall-opt %s --split-input-file --verify-diagnostics

func.func @counter() {
  // expected-error@below {{expected chunks or visited or unmasked or masked, but got elements}}
  tile.count "elements"
  return
}
