//===- LayoutText.cpp - Layouts as text -----------------------------------===//
#include "lib/Layout/LinearLayout.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

namespace einfall::layout {

std::string LinearLayout::str() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "[";
  llvm::interleave(
      inDims, os,
      [&](const Dim &dim) {
        os << dim.name << ":";
        for (uint64_t column : columns(dim.name)) {
          os << " (";
          llvm::interleaveComma(unflattenOut(column), os, [&](auto &entry) { os << entry.second; });
          os << ")";
        }
      },
      "; ");
  os << "] -> (";
  llvm::interleaveComma(outDims, os, [&](const Dim &dim) { os << dim.name << ": " << dim.size(); });
  os << ")";
  return text;
}

namespace {
/// Reads the text from left to right; the first failure is the one reported.
class Reader {
public:
  Reader(llvm::StringRef text, std::string &error) : rest(text), whole(text), error(error) {}

  bool take(llvm::StringRef token) {
    rest = rest.ltrim();
    return rest.consume_front(token);
  }
  bool expect(llvm::StringRef token) { return take(token) || fail("expected '" + token + "'"); }
  bool name(std::string &name) {
    rest = rest.ltrim();
    llvm::StringRef found =
        rest.take_while([](char c) { return llvm::isAlnum(c) || c == '_' || c == '.'; });
    rest = rest.drop_front(found.size());
    name = found.str();
    return !found.empty() || fail("expected the name of a dimension");
  }
  bool number(uint64_t &value) {
    rest = rest.ltrim();
    return !rest.consumeInteger(10, value) || fail("expected a number");
  }
  bool atEnd() { return rest.trim().empty() || fail("expected the end"); }
  bool fail(const llvm::Twine &message) {
    if (error.empty())
      error = (message + ", but got '" + rest.take_front(16) + "' at character " +
               llvm::Twine(whole.size() - rest.size()))
                  .str();
    return false;
  }

private:
  llvm::StringRef rest, whole;
  std::string &error;
};
} // namespace

using Basis = llvm::SmallVector<uint64_t, 4>;

static bool readBasis(Reader &reader, Basis &basis) {
  if (reader.take(")"))
    return true;
  do {
    if (!reader.number(basis.emplace_back()))
      return false;
  } while (reader.take(","));
  return reader.expect(")");
}

static bool readIns(Reader &reader, DimList &ins, std::vector<Basis> &bases) {
  if (!reader.expect("["))
    return false;
  if (reader.take("]"))
    return true;
  do {
    Dim &dim = ins.emplace_back();
    if (!reader.name(dim.name) || !reader.expect(":"))
      return false;
    for (; reader.take("("); ++dim.bits)
      if (!readBasis(reader, bases.emplace_back()))
        return false;
  } while (reader.take(";"));
  return reader.expect("]");
}

static bool readOuts(Reader &reader, DimList &outs) {
  if (!reader.expect("->") || !reader.expect("("))
    return false;
  if (reader.take(")"))
    return true;
  do {
    Dim &dim = outs.emplace_back();
    uint64_t size = 0;
    if (!reader.name(dim.name) || !reader.expect(":") || !reader.number(size))
      return false;
    if (!llvm::isPowerOf2_64(size))
      return reader.fail("expected a power of two as the size of '" + dim.name + "'");
    dim.bits = llvm::Log2_64(size);
  } while (reader.take(","));
  return reader.expect(")");
}

/// A name once in the list; words hold the bits.
static bool isSound(Dims dims, unsigned bits, Reader &reader) {
  for (auto [i, dim] : llvm::enumerate(dims))
    for (const Dim &before : dims.take_front(i))
      if (before.name == dim.name)
        return reader.fail("expected '" + dim.name + "' once");
  return bits <= maxBits || reader.fail("expected at most " + llvm::Twine(maxBits) + " bits");
}

std::optional<LinearLayout> LinearLayout::parse(llvm::StringRef text, std::string &error) {
  error.clear();
  Reader reader(text, error);
  DimList ins, outs;
  std::vector<Basis> bases;
  if (!readIns(reader, ins, bases) || !readOuts(reader, outs) || !reader.atEnd() ||
      !isSound(ins, bases.size(), reader) || !isSound(outs, totalBits(outs), reader))
    return std::nullopt;
  VectorList columns;
  for (const Basis &basis : bases) {
    if (basis.size() != outs.size()) {
      reader.fail("expected as many numbers in a basis as outputs");
      return std::nullopt;
    }
    uint64_t column = 0;
    unsigned start = 0;
    for (auto [value, dim] : llvm::zip_equal(basis, outs)) {
      if (value > lowMask(dim.bits)) {
        reader.fail("expected bases within '" + dim.name + "'");
        return std::nullopt;
      }
      column |= value << start;
      start += dim.bits;
    }
    columns.push_back(column);
  }
  return LinearLayout(ins, outs, columns);
}

} // namespace einfall::layout
