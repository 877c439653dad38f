//===- loader_steps.cpp - What stands around the model -------------------===//

#include "loader.h"

namespace einfall::text {

bool Loader::loadNormalizer(const Json &normalizer, int depth) {
  if (normalizer.is_null())
    return true;
  std::string type;
  if (!readType(normalizer, "normalizer", type))
    return false;
  if (type == "NFC") {
    parts.nfc = true;
    return true;
  }
  if (type != "Sequence")
    return unsupported("normalizer", type);
  const Json &list = member(normalizer, "normalizers");
  if (!list.is_array() || depth > maxDepth)
    return fail("malformed normalizer sequence");
  for (const Json &entry : list)
    if (entry.is_null() || !loadNormalizer(entry, depth + 1))
      return entry.is_null() ? fail("malformed normalizer sequence") : false;
  return true;
}

bool Loader::loadSplit(const Json &step) {
  SplitStep split;
  std::string behavior;
  if (!readText(step, "behavior", behavior) || !readBool(step, "invert", split.invert))
    return false;
  constexpr std::pair<std::string_view, SplitBehavior> behaviors[] = {
      {"Removed", SplitBehavior::Removed},
      {"Isolated", SplitBehavior::Isolated},
      {"MergedWithPrevious", SplitBehavior::MergedWithPrevious},
      {"MergedWithNext", SplitBehavior::MergedWithNext},
      {"Contiguous", SplitBehavior::Contiguous}};
  bool known = false;
  for (auto [name, value] : behaviors)
    if (behavior == name) {
      split.behavior = value;
      known = true;
    }
  if (!known)
    return unsupported("split behavior", behavior);

  const Json &pattern = member(step, "pattern");
  const Json &literal = member(pattern, "String");
  const Json &regex = member(pattern, "Regex");
  if (literal.is_string() == regex.is_string())
    return fail("the pattern of a Split must be a String or a Regex");
  if (literal.is_string()) {
    split.literal = literal.get_ref<const std::string &>();
  } else {
    std::string what;
    const std::string &text = regex.get_ref<const std::string &>();
    split.regex = Regex::compile(text, what);
    if (!split.regex)
      return fail("the regular expression '" + text + "' of a Split cannot be used: " + what +
                  "; pass token ids instead of text");
  }
  parts.preTokenizer.add(std::move(split));
  return true;
}

bool Loader::loadPreTokenizer(const Json &step, int depth) {
  if (step.is_null() && depth == 0)
    return true;
  std::string type;
  if (!readType(step, "pre_tokenizer", type))
    return false;
  if (type == "Split")
    return loadSplit(step);
  if (type == "Digits") {
    DigitsStep digits;
    if (!readBool(step, "individual_digits", digits.individual))
      return false;
    parts.preTokenizer.add(digits);
    return true;
  }
  if (type == "ByteLevel") {
    ByteLevelStep byteLevel;
    bool useRegex = true;
    std::string ignored;
    if (!readBool(step, "add_prefix_space", byteLevel.addPrefixSpace) ||
        !readOptionalBool(step, "use_regex", useRegex))
      return false;
    if (useRegex)
      byteLevel.regex = Regex::compile(byteLevelPattern, ignored);
    parts.preTokenizer.add(std::move(byteLevel));
    return true;
  }
  if (type != "Sequence")
    return unsupported("pre_tokenizer", type);
  const Json &list = member(step, "pretokenizers");
  if (!list.is_array() || depth > maxDepth)
    return fail("malformed pre_tokenizer sequence");
  for (const Json &entry : list)
    if (!loadPreTokenizer(entry, depth + 1))
      return false;
  return true;
}

bool Loader::loadTemplate(const Json &processor) {
  const Json &single = member(processor, "single");
  const Json &specials = member(processor, "special_tokens");
  if (!single.is_array() || !specials.is_object())
    return fail("malformed TemplateProcessing");
  parts.postProcessor.clear();
  for (const Json &piece : single) {
    TemplatePart part;
    const Json &sequence = member(piece, "Sequence");
    if (sequence.is_object()) {
      if (member(sequence, "id") != "A")
        return fail("the template for one text uses a second");
      parts.postProcessor.push_back(part);
      continue;
    }
    std::string name;
    if (!readText(member(piece, "SpecialToken"), "id", name))
      return false;
    const Json &ids = member(member(specials, name), "ids");
    if (!ids.is_array())
      return fail("the template names '" + name + "', which special_tokens lacks");
    part.isText = false;
    for (const Json &value : ids)
      if (!readId(value, "'" + name + "'", part.ids.emplace_back()))
        return false;
    parts.postProcessor.push_back(std::move(part));
  }
  return true;
}

/// BertProcessing and RobertaProcessing: cls, the text, sep.
bool Loader::loadEnds(const Json &processor) {
  TemplatePart ends[2];
  const char *keys[2] = {"cls", "sep"};
  for (int i = 0; i < 2; ++i) {
    const Json &value = member(processor, keys[i]);
    if (!value.is_array() || value.size() != 2)
      return fail(std::string("'") + keys[i] + "' must be a token and its id");
    ends[i].isText = false;
    if (!readId(value[1], keys[i], ends[i].ids.emplace_back()))
      return false;
  }
  parts.postProcessor = {ends[0], TemplatePart(), ends[1]};
  return true;
}

bool Loader::loadPostProcessor(const Json &processor, int depth) {
  if (processor.is_null() && depth == 0)
    return true;
  std::string type;
  if (!readType(processor, "post_processor", type))
    return false;
  // It moves offsets only, which are not kept here.
  if (type == "ByteLevel")
    return true;
  if (type == "Sequence") {
    const Json &list = member(processor, "processors");
    if (!list.is_array() || depth > maxDepth)
      return fail("malformed post_processor sequence");
    for (const Json &entry : list)
      if (!loadPostProcessor(entry, depth + 1))
        return false;
    return true;
  }
  bool ends = type == "BertProcessing" || type == "RobertaProcessing";
  if (!ends && type != "TemplateProcessing")
    return unsupported("post_processor", type);
  if (hasTemplate)
    return unsupported("post_processor", "Sequence that adds tokens twice");
  hasTemplate = true;
  return ends ? loadEnds(processor) : loadTemplate(processor);
}

bool Loader::loadDecoder(const Json &decoder) {
  if (decoder.is_null())
    return true;
  std::string type;
  if (!readType(decoder, "decoder", type))
    return false;
  const Json *only = &decoder;
  if (type == "Sequence") {
    const Json &list = member(decoder, "decoders");
    if (!list.is_array())
      return fail("malformed decoder sequence");
    if (list.empty()) {
      parts.decoder = DecoderKind::Joined;
      return true;
    }
    only = &list[0];
    if (!readType(*only, "decoder", type))
      return false;
    for (const Json &entry : list)
      if (&entry != only) {
        if (!readType(entry, "decoder", type))
          return false;
        return unsupported("decoder", "Sequence with " + type);
      }
  }
  if (type != "ByteLevel")
    return unsupported("decoder", type);
  parts.decoder = DecoderKind::ByteLevel;
  return true;
}

} // namespace einfall::text
