//===- regex_class.cpp - Escapes and character classes of a pattern ------===//

#include "regex_parser.h"
#include "utf8.h"

namespace einfall::text {

/// Adds what simple case folding equates with the ASCII letters of `set`.
void RegexParser::foldCase(CodePointSet &set) {
  for (uint32_t upper = 'A'; upper <= 'Z'; ++upper) {
    uint32_t lower = upper + 32;
    if (!set.contains(upper) && !set.contains(lower))
      continue;
    set.add(upper, upper);
    set.add(lower, lower);
    if (lower == 's')
      set.add(0x17F, 0x17F);
    if (lower == 'k')
      set.add(0x212A, 0x212A);
  }
}

bool RegexParser::parseHex(size_t least, size_t most, uint32_t &value) {
  value = 0;
  size_t count = 0;
  for (; count < most; ++count, ++pos) {
    char c = peek();
    uint32_t digit;
    if (c >= '0' && c <= '9')
      digit = uint32_t(c - '0');
    else if ((c | 32) >= 'a' && (c | 32) <= 'f')
      digit = uint32_t((c | 32) - 'a' + 10);
    else
      break;
    value = value * 16 + digit;
  }
  return (count >= least && value <= maxCodePoint) || fail("malformed escape");
}

bool RegexParser::parseProperty(Item &item, bool negated) {
  size_t end = text.find('}', pos);
  if (!eat("{") || end == std::string_view::npos)
    return fail("malformed \\p");
  if (eat("^"))
    negated = !negated;
  std::string_view name = text.substr(pos, end - pos);
  std::optional<CodePointSet> set = categorySet(name);
  if (!set)
    return fail("unsupported property \\p{" + std::string(name) + "}");
  pos = end + 1;
  item.set = std::move(*set);
  if (negated)
    item.set.invert();
  return !ignoreCase || fail("unsupported: \\p under (?i)");
}

/// Behind a backslash.
bool RegexParser::parseEscape(Item &item, bool inClass) {
  if (atEnd())
    return fail("pattern ends with a backslash");
  uint32_t c = nextCodePoint(text, pos);
  auto literal = [&](uint32_t value) {
    item.isLiteral = true;
    item.literal = value;
    item.set = CodePointSet(value, value);
    return true;
  };
  auto set = [&](CodePointSet value, bool negated) {
    item.set = std::move(value);
    if (negated)
      item.set.invert();
    return true;
  };
  uint32_t value;
  switch (c) {
  case 'n':
    return literal('\n');
  case 't':
    return literal('\t');
  case 'r':
    return literal('\r');
  case 'f':
    return literal('\f');
  case 'v':
    return literal('\v');
  case 'a':
    return literal('\a');
  case 'e':
    return literal(0x1B);
  case 's':
  case 'S':
    return set(regexSpaceSet(), c == 'S');
  case 'd':
  case 'D':
    return set(*categorySet("Nd"), c == 'D');
  case 'w':
  case 'W':
    if (ignoreCase)
      return fail("unsupported: \\w under (?i)");
    return set(regexWordSet(inClass), c == 'W');
  case 'p':
  case 'P':
    return parseProperty(item, c == 'P');
  case 'u':
    return parseHex(4, 4, value) && literal(value);
  case 'x':
    if (eat("{")) {
      if (!parseHex(1, 8, value))
        return false;
      return eat("}") ? literal(value) : fail("malformed escape");
    }
    if (!parseHex(1, 2, value))
      return false;
    return value < 128 ? literal(value) : fail("unsupported: \\x of a byte");
  }
  bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  if (alphanumeric)
    return fail(std::string("unsupported escape \\") + char(c) + (inClass ? " in a class" : ""));
  return literal(c);
}

bool RegexParser::parseClassItem(Item &item) {
  if (eat("&&"))
    return fail("unsupported: && in a class");
  if (eat("[:"))
    return fail("unsupported: [: in a class");
  if (eat("["))
    return parseClass(item.set);
  if (eat("\\"))
    return parseEscape(item, true);
  item.isLiteral = true;
  item.literal = nextCodePoint(text, pos);
  item.set = CodePointSet(item.literal, item.literal);
  return true;
}

/// Behind [.
bool RegexParser::parseClass(CodePointSet &out) {
  if (++depth > maxDepth)
    return fail("classes nested too deeply");
  bool negated = eat("^");
  if (peek() == ']')
    return fail("unsupported: empty class");
  for (bool first = true; !eat("]"); first = false) {
    if (atEnd())
      return fail("unmatched [");
    Item low;
    bool dash = peek() == '-';
    if (!parseClassItem(low))
      return false;
    if (dash && !first && peek() != ']')
      return fail("unsupported: - inside a class");
    bool range = peek() == '-' && peek(1) != ']' && peek(1) != '\0';
    if (range) {
      ++pos;
      Item high;
      if (!parseClassItem(high))
        return false;
      if (!low.isLiteral || !high.isLiteral || high.literal < low.literal)
        return fail("malformed range in a class");
      low.set = CodePointSet(low.literal, high.literal);
    }
    if (ignoreCase) {
      if ((low.isLiteral && low.set.largest() >= 128u))
        return fail("unsupported: (?i) on a character beyond ASCII");
      foldCase(low.set);
    }
    out.add(low.set);
  }
  --depth;
  if (negated)
    out.invert();
  return true;
}

} // namespace einfall::text
