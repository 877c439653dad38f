//===- regex_parser.cpp - From a pattern to its syntax tree --------------===//
//
// Oniguruma's own syntax, which the tokenizers library uses: {n,m}+ repeats a
// repetition and is not possessive, {n}? makes one optional, [ nests in
// classes.
//
//===----------------------------------------------------------------------===//

#include "regex_parser.h"
#include "utf8.h"

#include <algorithm>

namespace einfall::text {

static constexpr uint32_t maxRepeat = 1000;

bool RegexParser::parse(RegexNode &root) {
  if (!parseChoice(root))
    return false;
  return atEnd() || fail("unmatched )");
}

bool RegexParser::fail(const std::string &what) {
  error = what + " at byte " + std::to_string(pos);
  return false;
}

bool RegexParser::parseChoice(RegexNode &out) {
  if (++depth > maxDepth)
    return fail("groups nested too deeply");
  std::vector<RegexNode> branches;
  do {
    if (!parseSequence(branches.emplace_back()))
      return false;
  } while (eat("|"));
  --depth;
  if (branches.size() == 1) {
    RegexNode only = std::move(branches[0]);
    out = std::move(only);
    return true;
  }
  out.kind = RegexNode::Choice;
  out.children = std::move(branches);
  return true;
}

/// Whether two ASCII letters make one character under full case folding.
static bool isFoldedLigature(uint32_t first, uint32_t second) {
  auto lower = [](uint32_t c) { return c | 0x20; };
  first = lower(first);
  second = lower(second);
  return (first == 's' && (second == 's' || second == 't')) ||
         (first == 'f' && (second == 'f' || second == 'i' || second == 'l'));
}

bool RegexParser::parseSequence(RegexNode &out) {
  out.kind = RegexNode::Sequence;
  uint32_t previous = 0;
  while (!atEnd() && peek() != '|' && peek() != ')') {
    RegexNode node;
    uint32_t literal = 0;
    if (!parseAtom(node, literal))
      return false;
    if (isFoldedLigature(previous, literal))
      return fail("unsupported: letters that case folding joins");
    previous = literal;
    if (!parseQuantifiers(node))
      return false;
    out.children.push_back(std::move(node));
  }
  return true;
}

void RegexParser::setNode(RegexNode &out, CodePointSet set) {
  out.kind = RegexNode::Set;
  out.set = static_cast<uint32_t>(sets.size());
  sets.push_back(std::move(set));
}

bool RegexParser::parseAtom(RegexNode &out, uint32_t &foldedLiteral) {
  auto assertion = [&](RegexOp::Kind kind) {
    out.kind = RegexNode::Assert;
    out.assertion = kind;
    return true;
  };
  char c = peek();
  if (c == '*' || c == '+' || c == '?')
    return fail("quantifier without a target");
  if (eat("("))
    return parseGroup(out);
  if (eat("[")) {
    CodePointSet set;
    if (!parseClass(set))
      return false;
    setNode(out, std::move(set));
    return true;
  }
  if (eat(".")) {
    CodePointSet set('\n', '\n');
    set.invert();
    setNode(out, std::move(set));
    return true;
  }
  if (eat("^"))
    return assertion(RegexOp::LineBegin);
  if (eat("$"))
    return assertion(RegexOp::LineEnd);
  if (eat("\\A"))
    return assertion(RegexOp::TextBegin);
  if (eat("\\z"))
    return assertion(RegexOp::TextEnd);
  Item item;
  if (eat("\\")) {
    if (!parseEscape(item, false))
      return false;
  } else {
    item.isLiteral = true;
    item.literal = nextCodePoint(text, pos);
    item.set = CodePointSet(item.literal, item.literal);
  }
  if (ignoreCase && item.isLiteral) {
    if (item.literal >= 128)
      return fail("unsupported: (?i) on a character beyond ASCII");
    foldedLiteral = item.literal;
  }
  if (ignoreCase)
    foldCase(item.set);
  setNode(out, std::move(item.set));
  return true;
}

bool RegexParser::parseGroup(RegexNode &out) {
  bool outerCase = ignoreCase;
  RegexNode body;
  RegexNode::Kind kind = RegexNode::Sequence;
  bool negated = false;
  if (eat("?:")) {
  } else if (eat("?=")) {
    kind = RegexNode::Look;
  } else if (eat("?!")) {
    kind = RegexNode::Look;
    negated = true;
  } else if (eat("?>")) {
    kind = RegexNode::Atomic;
  } else if (peek() == '?') {
    ++pos;
    return parseFlags(out);
  }
  if (!parseChoice(body))
    return false;
  if (!eat(")"))
    return fail("unmatched (");
  ignoreCase = outerCase;
  out.kind = kind;
  out.negated = negated;
  out.children.push_back(std::move(body));
  return true;
}

/// Behind "(?": i: or -i: with a group, or i) up to the end of this one.
bool RegexParser::parseFlags(RegexNode &out) {
  bool outerCase = ignoreCase;
  size_t start = pos;
  if (eat("i"))
    ignoreCase = true;
  else if (eat("-i"))
    ignoreCase = false;
  else
    return fail("unsupported group (?" + std::string(text.substr(pos, 2)));
  RegexNode body;
  if (eat(")")) {
    // Scoping of a flag in mid-sequence differs between engines.
    if (start != 2 || depth != 1)
      return fail("unsupported: (?i) not at the start of the pattern");
    if (!parseChoice(body))
      return false;
    out.kind = RegexNode::Sequence;
    out.children.push_back(std::move(body));
    return true;
  }
  if (!eat(":"))
    return fail("unsupported group flags");
  if (!parseChoice(body))
    return false;
  if (!eat(")"))
    return fail("unmatched (");
  ignoreCase = outerCase;
  out.kind = RegexNode::Sequence;
  out.children.push_back(std::move(body));
  return true;
}

void RegexParser::wrapRepeat(RegexNode &node, uint32_t least, uint32_t most, Greed greed) {
  RegexNode repeat;
  repeat.kind = RegexNode::Repeat;
  repeat.least = least;
  repeat.most = most;
  repeat.greed = greed;
  repeat.children.push_back(std::move(node));
  node = std::move(repeat);
}

bool RegexParser::parseQuantifiers(RegexNode &node) {
  bool found = false;
  if (peek() == '*' || peek() == '+' || peek() == '?') {
    char c = text[pos++];
    Greed greed = eat("?") ? Greed::Lazy : eat("+") ? Greed::Possessive : Greed::Greedy;
    found = true;
    wrapRepeat(node, c == '+' ? 1 : 0, c == '?' ? 1 : RegexNode::unbounded, greed);
  } else if (!parseInterval(node, found)) {
    return false;
  }
  if (!found)
    return true;
  RegexNode::Kind target = node.children[0].kind;
  if (target == RegexNode::Look || target == RegexNode::Assert || node.children[0].canBeEmpty())
    return fail("unsupported: repetition of what may be empty");
  bool again = peek() == '*' || peek() == '+' || peek() == '?';
  RegexNode probe;
  if (!again && peek() == '{' && !parseInterval(probe, again))
    return false;
  return !again || fail("unsupported: quantifier on a quantifier");
}

bool RegexParser::readNumber(uint32_t &value) {
  size_t start = pos;
  value = 0;
  while (peek() >= '0' && peek() <= '9') {
    value = std::min<uint32_t>(value * 10 + uint32_t(peek() - '0'), 100000);
    ++pos;
  }
  return pos != start;
}

/// {n} {n,} {n,m} {,m}; anything else leaves { as a literal.
bool RegexParser::parseInterval(RegexNode &node, bool &found) {
  size_t start = pos;
  if (!eat("{"))
    return true;
  uint32_t least = 0, most = 0;
  bool hasLeast = readNumber(least), hasMost = false, comma = eat(",");
  if (comma)
    hasMost = readNumber(most);
  if (!eat("}") || (!hasLeast && !hasMost)) {
    pos = start;
    return true;
  }
  if (!comma)
    most = least;
  else if (!hasMost)
    most = RegexNode::unbounded;
  if (most < least || least > maxRepeat || (most > maxRepeat && most != RegexNode::unbounded))
    return fail("unsupported repetition bounds");
  found = true;
  if (comma && eat("?")) {
    wrapRepeat(node, least, most, Greed::Lazy);
    return true;
  }
  wrapRepeat(node, least, most, Greed::Greedy);
  if (peek() != '?' && peek() != '+')
    return true;
  if (node.children[0].canBeEmpty() || (least == 0 && peek() == '+'))
    return fail("unsupported: repetition of what may be empty");
  bool optional = text[pos++] == '?';
  wrapRepeat(node, optional ? 0 : 1, optional ? 1 : RegexNode::unbounded, Greed::Greedy);
  return true;
}

bool RegexNode::canBeEmpty() const {
  auto empty = [](const RegexNode &n) { return n.canBeEmpty(); };
  switch (kind) {
  case Sequence:
  case Atomic:
    return std::all_of(children.begin(), children.end(), empty);
  case Choice:
    return std::any_of(children.begin(), children.end(), empty);
  case Set:
    return false;
  case Repeat:
    return least == 0 || children[0].canBeEmpty();
  case Look:
  case Assert:
    return true;
  }
  return true;
}

bool parseRegex(std::string_view pattern, std::vector<CodePointSet> &sets, RegexNode &root,
                std::string &error) {
  return RegexParser(pattern, sets, error).parse(root);
}

} // namespace einfall::text
