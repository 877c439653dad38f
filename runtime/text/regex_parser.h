//===- regex_parser.h - Recursive descent over a pattern -----------------===//
//
// regex_parser.cpp holds groups and quantifiers, regex_class.cpp escapes and
// character classes.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_TEXT_REGEX_PARSER_H
#define EINFALL_TEXT_REGEX_PARSER_H

#include "regex_ast.h"

namespace einfall::text {

class RegexParser {
public:
  RegexParser(std::string_view pattern, std::vector<CodePointSet> &sets, std::string &error)
      : text(pattern), sets(sets), error(error) {}

  bool parse(RegexNode &root);

private:
  static constexpr int maxDepth = 50;

  /// An escape or what a class lists.
  struct Item {
    CodePointSet set;
    uint32_t literal = 0;
    bool isLiteral = false;
  };

  bool fail(const std::string &what);
  bool atEnd() const { return pos >= text.size(); }
  char peek(size_t ahead = 0) const { return pos + ahead < text.size() ? text[pos + ahead] : '\0'; }
  bool eat(std::string_view token) {
    if (text.substr(pos, token.size()) != token)
      return false;
    pos += token.size();
    return true;
  }

  bool parseChoice(RegexNode &out);
  bool parseSequence(RegexNode &out);
  bool parseAtom(RegexNode &out, uint32_t &foldedLiteral);
  bool parseGroup(RegexNode &out);
  bool parseFlags(RegexNode &out);
  bool parseQuantifiers(RegexNode &node);
  bool parseInterval(RegexNode &node, bool &found);
  bool parseEscape(Item &item, bool inClass);
  bool parseHex(size_t least, size_t most, uint32_t &value);
  bool parseProperty(Item &item, bool negated);
  bool parseClass(CodePointSet &out);
  bool parseClassItem(Item &item);
  static void foldCase(CodePointSet &set);
  bool readNumber(uint32_t &value);
  void wrapRepeat(RegexNode &node, uint32_t least, uint32_t most, Greed greed);
  void setNode(RegexNode &out, CodePointSet set);

  std::string_view text;
  std::vector<CodePointSet> &sets;
  std::string &error;
  size_t pos = 0;
  int depth = 0;
  bool ignoreCase = false;
};

} // namespace einfall::text

#endif
