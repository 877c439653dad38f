//===- unicode.cpp - Sets of code points and Unicode properties ----------===//

#include "unicode.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <string>

namespace einfall::text {

namespace {

#include "unicode_tables.inc"

/// One bit for each category, in the order of the generator's list.
enum Category : uint32_t {
  Lu = 1u << 0,
  Ll = 1u << 1,
  Lt = 1u << 2,
  Lm = 1u << 3,
  Lo = 1u << 4,
  Mn = 1u << 5,
  Mc = 1u << 6,
  Me = 1u << 7,
  Nd = 1u << 8,
  Nl = 1u << 9,
  No = 1u << 10,
  Pc = 1u << 11,
  Pd = 1u << 12,
  Ps = 1u << 13,
  Pe = 1u << 14,
  Pi = 1u << 15,
  Pf = 1u << 16,
  Po = 1u << 17,
  Sm = 1u << 18,
  Sc = 1u << 19,
  Sk = 1u << 20,
  So = 1u << 21,
  Zs = 1u << 22,
  Zl = 1u << 23,
  Zp = 1u << 24,
  Cc = 1u << 25,
  Cf = 1u << 26,
  Co = 1u << 27,
  Cn = 1u << 28,
};

constexpr uint32_t letters = Lu | Ll | Lt | Lm | Lo;
constexpr uint32_t marks = Mn | Mc | Me;
constexpr uint32_t numbers = Nd | Nl | No;
constexpr uint32_t punctuation = Pc | Pd | Ps | Pe | Pi | Pf | Po;
constexpr uint32_t symbols = Sm | Sc | Sk | So;
constexpr uint32_t separators = Zs | Zl | Zp;
constexpr uint32_t others = Cc | Cf | Co | Cn;

struct Property {
  std::string_view name;
  uint32_t mask;
};

constexpr Property properties[] = {
    {"l", letters},     {"letter", letters},
    {"m", marks},       {"mark", marks},
    {"n", numbers},     {"number", numbers},
    {"p", punctuation}, {"punctuation", punctuation},
    {"s", symbols},     {"symbol", symbols},
    {"z", separators},  {"separator", separators},
    {"c", others},      {"other", others},
    {"lu", Lu},         {"uppercaseletter", Lu},
    {"ll", Ll},         {"lowercaseletter", Ll},
    {"lt", Lt},         {"titlecaseletter", Lt},
    {"lm", Lm},         {"modifierletter", Lm},
    {"lo", Lo},         {"otherletter", Lo},
    {"mn", Mn},         {"nonspacingmark", Mn},
    {"mc", Mc},         {"spacingmark", Mc},
    {"me", Me},         {"enclosingmark", Me},
    {"nd", Nd},         {"decimalnumber", Nd},
    {"nl", Nl},         {"letternumber", Nl},
    {"no", No},         {"othernumber", No},
    {"pc", Pc},         {"pd", Pd},
    {"ps", Ps},         {"pe", Pe},
    {"pi", Pi},         {"pf", Pf},
    {"po", Po},         {"sm", Sm},
    {"sc", Sc},         {"sk", Sk},
    {"so", So},         {"zs", Zs},
    {"zl", Zl},         {"zp", Zp},
    {"cc", Cc},         {"cf", Cf},
    {"co", Co},         {"cn", Cn},
};

bool inBounds(std::span<const uint32_t> bounds, uint32_t c) {
  auto it = std::upper_bound(bounds.begin(), bounds.end(), c);
  return (it - bounds.begin()) & 1;
}

CodePointSet setOfBounds(std::span<const uint32_t> bounds) {
  CodePointSet set;
  for (size_t i = 0; i + 1 < bounds.size(); i += 2)
    set.add(bounds[i], bounds[i + 1] - 1);
  return set;
}

} // namespace

void CodePointSet::add(uint32_t low, uint32_t high) {
  for (uint32_t c = low; c <= high && c < 128; ++c)
    ascii[c >> 6] |= uint64_t(1) << (c & 63);
  if (!ranges.empty() && ranges.back().second + 1 == low) {
    ranges.back().second = high;
    return;
  }
  bool inOrder = ranges.empty() || ranges.back().second < low;
  ranges.emplace_back(low, high);
  if (!inOrder)
    normalize();
}

void CodePointSet::add(const CodePointSet &other) {
  ranges.insert(ranges.end(), other.ranges.begin(), other.ranges.end());
  ascii[0] |= other.ascii[0];
  ascii[1] |= other.ascii[1];
  normalize();
}

void CodePointSet::normalize() {
  std::sort(ranges.begin(), ranges.end());
  std::vector<Range> merged;
  for (Range r : ranges) {
    if (!merged.empty() && r.first <= merged.back().second + 1)
      merged.back().second = std::max(merged.back().second, r.second);
    else
      merged.push_back(r);
  }
  ranges = std::move(merged);
}

void CodePointSet::invert() {
  std::vector<Range> inverse;
  uint32_t next = 0;
  for (Range r : ranges) {
    if (r.first > next)
      inverse.emplace_back(next, r.first - 1);
    next = r.second + 1;
  }
  if (next <= maxCodePoint)
    inverse.emplace_back(next, maxCodePoint);
  ranges = std::move(inverse);
  ascii[0] = ~ascii[0];
  ascii[1] = ~ascii[1];
}

bool CodePointSet::containsWide(uint32_t c) const {
  auto it = std::upper_bound(ranges.begin(), ranges.end(), Range(c, maxCodePoint + 1));
  return it != ranges.begin() && std::prev(it)->second >= c;
}

std::optional<uint32_t> CodePointSet::largest() const {
  if (ranges.empty())
    return std::nullopt;
  return ranges.back().second;
}

bool isSpace(uint32_t c) { return inBounds(spaceBounds, c); }
bool isRustWord(uint32_t c) { return inBounds(rustWordBounds, c); }
bool isRustNumeric(uint32_t c) { return inBounds(rustNumericBounds, c); }

CodePointSet regexSpaceSet() { return setOfBounds(spaceBounds); }

CodePointSet regexWordSet(bool inClass) {
  CodePointSet set = setOfBounds(regexWordBounds);
  if (!inClass)
    set.add(setOfBounds(regexWordExtraBounds));
  return set;
}

std::optional<CodePointSet> categorySet(std::string_view name) {
  std::string key;
  for (char c : name)
    if (c != '_' && c != '-' && c != ' ')
      key += c >= 'A' && c <= 'Z' ? char(c + 32) : c;
  auto found = std::find_if(std::begin(properties), std::end(properties),
                            [&](const Property &p) { return p.name == key; });
  if (found == std::end(properties))
    return std::nullopt;
  CodePointSet set;
  size_t count = std::size(categoryRuns);
  for (size_t i = 0; i < count; ++i) {
    uint32_t run = categoryRuns[i];
    uint32_t end = i + 1 < count ? categoryRuns[i + 1] >> 5 : maxCodePoint + 1;
    if (found->mask >> (run & 31) & 1)
      set.add(run >> 5, end - 1);
  }
  return set;
}

} // namespace einfall::text
