#include <fmt/format.h>

#include <array>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "latentdial/error.h"
#include "text/utf8.h"
#include "text/words.h"
#include "weights/pickle.h"

namespace latentdial::detail {
namespace {

// Far above any real checkpoint (a full one with optimiser state has some 100,000 values).
constexpr std::size_t kMostValues = 2'000'000;
constexpr std::size_t kMostSteps = 20'000'000;
constexpr std::size_t kDeepestStack = 1'000'000;

// Two's complement, little-endian, of at most eight bytes.
std::int64_t signed_number(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    value |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  const auto unused = 64 - 8 * bytes.size();
  return bytes.empty() ? 0 : static_cast<std::int64_t>(value << unused) >> unused;
}

class Interpreter {
 public:
  Interpreter(const std::string& file, std::string_view bytes) : file_(file), bytes_(bytes) {}

  Pickle run() {
    for (std::size_t steps = 0; steps < kMostSteps; ++steps) {
      const auto code = static_cast<unsigned char>(take(1)[0]);
      if (code == '.') {
        pickle_.root = pop();
        pickle_.length = at_;
        return std::move(pickle_);
      }
      const Operation operation = operation_of(code);
      if (operation == nullptr)
        fail(fmt::format("has opcode 0x{:02x}, which torch.save does not write", unsigned{code}));
      operation(*this);
      if (stack_.size() > kDeepestStack) fail("needs an absurdly deep stack");
    }
    fail("is absurdly long");
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw invalid_input(fmt::format("{}: its data.pkl {} (at byte {}): damaged, or not a PyTorch checkpoint",
                                    file_, what, at_));
  }
  [[noreturn]] void refuse(std::string_view what) const {
    throw invalid_input(fmt::format(
        "{}: would run {}: refused; a checkpoint only needs PyTorch's own rebuild functions", file_, what));
  }

  // ── Bytes ──
  std::string_view take(std::uint64_t n) {
    if (n > bytes_.size() - at_) fail("ends early");
    const auto taken = bytes_.substr(at_, n);
    at_ += n;
    return taken;
  }
  std::uint64_t little_endian(std::size_t n) {
    std::uint64_t value = 0;
    const auto taken = take(n);
    for (std::size_t i = 0; i < n; ++i)
      value |= std::uint64_t{static_cast<unsigned char>(taken[i])} << (8 * i);
    return value;
  }
  std::string_view line() {
    const auto end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) fail("ends early");
    const auto text = take(end - at_);
    take(1);
    return text;
  }

  // ── Stack ──
  void push(PickleRef ref) { stack_.push_back(ref); }
  void push(PickleValue value) {
    if (pickle_.values.size() == kMostValues) fail("holds absurdly many values");
    pickle_.values.push_back(std::move(value));
    push(static_cast<PickleRef>(pickle_.values.size() - 1));
  }
  PickleRef pop() {
    if (stack_.size() <= floor()) fail("takes from an empty stack");
    const auto ref = stack_.back();
    stack_.pop_back();
    return ref;
  }
  PickleRef top() {
    const auto ref = pop();
    push(ref);
    return ref;
  }
  [[nodiscard]] std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  std::vector<PickleRef> pop_to_mark() {
    if (marks_.empty()) fail("lacks a mark");
    const auto from = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<PickleRef> items(from, stack_.end());
    stack_.erase(from, stack_.end());
    marks_.pop_back();
    return items;
  }
  std::vector<PickleRef> pop_some(std::size_t n) {
    std::vector<PickleRef> items(n);
    while (n > 0) items[--n] = pop();
    return items;
  }

  // ── What opcodes do ──
  using Operation = void (*)(Interpreter&);
  struct Opcode {
    std::string_view codes;  // A byte each: these do the same.
    Operation operation;
  };
  static const Opcode kOpcodes[];
  static Operation operation_of(unsigned char code);  // Null for a byte that is no opcode.

  void check_protocol(std::uint64_t version) {
    if (version > 5) fail(fmt::format("is of unknown protocol {}", version));
  }
  void mark() {
    if (marks_.size() == kDeepestStack) fail("needs an absurdly deep stack");
    marks_.push_back(stack_.size());
  }
  // Adds to the container on the stack. An object that is not the one it should be (an inert one) drops what
  // it is given.
  void extend(PickleKind kind, const std::vector<PickleRef>& items) {
    auto& value = pickle_.values[top()];
    if (value.kind == kind) value.items.insert(value.items.end(), items.begin(), items.end());
  }
  void add_items(const std::vector<PickleRef>& items) { extend(PickleKind::sequence, items); }
  void add_pairs(const std::vector<PickleRef>& items) {
    if (items.size() % 2 != 0) fail("has a dictionary key without a value");
    extend(PickleKind::dict, items);
  }
  void push_boolean(bool value) { push({PickleKind::boolean, value}); }
  void push_real() {
    take(8);  // Its value is never asked for: weights lie outside the pickle.
    push(PickleValue{PickleKind::real});
  }
  void push_integer(std::int64_t value) { push({PickleKind::integer, value}); }
  void push_long(std::uint64_t size) {
    const auto bytes = take(size);
    if (size > 8)
      return push(PickleValue{PickleKind::inert});  // Only random states and the like are so long.
    push_integer(signed_number(bytes));
  }
  void push_global(std::string_view module, std::string_view name) {
    constexpr std::size_t kLongest = 256;
    if (module.size() + name.size() > kLongest) fail("names an absurdly long function");
    push({PickleKind::global, 0, module, name});
  }
  void push_global_of_lines() {
    const auto module = line();
    push_global(module, line());
  }
  void push_global_of_stack() {
    const auto name = pop();
    push_global(pickle_[pop()].text, pickle_[name].text);
  }
  void push_text(std::string_view value) { push({PickleKind::text, 0, value}); }
  void push_sequence(std::vector<PickleRef> items) {
    push({PickleKind::sequence, 0, {}, {}, std::move(items)});
  }
  void push_dict(const std::vector<PickleRef>& items) {
    push(PickleValue{PickleKind::dict});
    add_pairs(items);
  }
  void store(std::uint64_t index) { memo_[index] = top(); }
  void fetch(std::uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) fail("recalls what it never stored");
    push(found->second);
  }
  void apply();
  void apply_with_keywords() {
    pop();
    apply();
  }
  void make_dict(const std::vector<PickleRef>& given);
  void make_number(const std::vector<PickleRef>& given);
  void take_state();

  const std::string& file_;
  std::string_view bytes_;
  std::size_t at_ = 0;
  std::size_t copied_ = 0;  // References that dictionaries took over from lists.
  Pickle pickle_;
  std::vector<PickleRef> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint64_t, PickleRef> memo_;
};

// As in Python's pickletools. STOP is in run().
const Interpreter::Opcode Interpreter::kOpcodes[] = {
    {"\x80", [](Interpreter& i) { i.check_protocol(i.little_endian(1)); }},                        // PROTO
    {"\x95", [](Interpreter& i) { i.take(8); }},                                                   // FRAME
    {"N", [](Interpreter& i) { i.push(PickleValue{PickleKind::none}); }},                          // NONE
    {"\x88", [](Interpreter& i) { i.push_boolean(true); }},                                        // NEWTRUE
    {"\x89", [](Interpreter& i) { i.push_boolean(false); }},                                       // NEWFALSE
    {"J", [](Interpreter& i) { i.push_integer(static_cast<std::int32_t>(i.little_endian(4))); }},  // BININT
    {"K", [](Interpreter& i) { i.push_integer(static_cast<std::int64_t>(i.little_endian(1))); }},  // BININT1
    {"M", [](Interpreter& i) { i.push_integer(static_cast<std::int64_t>(i.little_endian(2))); }},  // BININT2
    {"\x8a", [](Interpreter& i) { i.push_long(i.little_endian(1)); }},                             // LONG1
    {"\x8b", [](Interpreter& i) { i.push_long(i.little_endian(4)); }},                             // LONG4
    {"G", [](Interpreter& i) { i.push_real(); }},                                                  // BINFLOAT
    // The short, the usual and the long form of UNICODE, STRING and BYTES; BYTEARRAY8.
    {"\x8cUC", [](Interpreter& i) { i.push_text(i.take(i.little_endian(1))); }},
    {"XTB", [](Interpreter& i) { i.push_text(i.take(i.little_endian(4))); }},
    {"\x8d\x8e\x96", [](Interpreter& i) { i.push_text(i.take(i.little_endian(8))); }},
    {"(", [](Interpreter& i) { i.mark(); }},                               // MARK
    {")]\x8f", [](Interpreter& i) { i.push_sequence({}); }},               // EMPTY_TUPLE, _LIST, _SET
    {"\x85", [](Interpreter& i) { i.push_sequence(i.pop_some(1)); }},      // TUPLE1
    {"\x86", [](Interpreter& i) { i.push_sequence(i.pop_some(2)); }},      // TUPLE2
    {"\x87", [](Interpreter& i) { i.push_sequence(i.pop_some(3)); }},      // TUPLE3
    {"tl\x91", [](Interpreter& i) { i.push_sequence(i.pop_to_mark()); }},  // TUPLE, LIST, FROZENSET
    {"a", [](Interpreter& i) { i.add_items(i.pop_some(1)); }},             // APPEND
    {"e\x90", [](Interpreter& i) { i.add_items(i.pop_to_mark()); }},       // APPENDS, ADDITEMS
    {"}", [](Interpreter& i) { i.push_dict({}); }},                        // EMPTY_DICT
    {"d", [](Interpreter& i) { i.push_dict(i.pop_to_mark()); }},           // DICT
    {"s", [](Interpreter& i) { i.add_pairs(i.pop_some(2)); }},             // SETITEM
    {"u", [](Interpreter& i) { i.add_pairs(i.pop_to_mark()); }},           // SETITEMS
    {"0", [](Interpreter& i) { i.pop(); }},                                // POP
    {"1", [](Interpreter& i) { i.pop_to_mark(); }},                        // POP_MARK
    {"2", [](Interpreter& i) { i.push(i.top()); }},                        // DUP
    {"q", [](Interpreter& i) { i.store(i.little_endian(1)); }},            // BINPUT
    {"r", [](Interpreter& i) { i.store(i.little_endian(4)); }},            // LONG_BINPUT
    {"\x94", [](Interpreter& i) { i.store(i.memo_.size()); }},             // MEMOIZE
    {"h", [](Interpreter& i) { i.fetch(i.little_endian(1)); }},            // BINGET
    {"j", [](Interpreter& i) { i.fetch(i.little_endian(4)); }},            // LONG_BINGET
    {"c", [](Interpreter& i) { i.push_global_of_lines(); }},               // GLOBAL
    {"\x93", [](Interpreter& i) { i.push_global_of_stack(); }},            // STACK_GLOBAL
    {"Q", [](Interpreter& i) { i.push({PickleKind::storage, 0, {}, {}, {i.pop()}}); }},  // BINPERSID
    {"R\x81", [](Interpreter& i) { i.apply(); }},                                        // REDUCE, NEWOBJ
    {"\x92", [](Interpreter& i) { i.apply_with_keywords(); }},                           // NEWOBJ_EX
    {"b", [](Interpreter& i) { i.take_state(); }},                                       // BUILD
};

Interpreter::Operation Interpreter::operation_of(unsigned char code) {
  static const auto kByCode = [] {
    std::array<Operation, 256> by_code{};
    for (const Opcode& row : kOpcodes)
      for (const char c : row.codes) by_code[static_cast<unsigned char>(c)] = row.operation;
    return by_code;
  }();
  return kByCode[code];
}

void Interpreter::apply() {
  const auto arguments = pop();
  const auto& function = pickle_[pop()];
  const auto& given = pickle_[arguments].items;
  if (function.kind != PickleKind::global) refuse("a value that is not a function");
  const auto shown = [](const PickleValue& g) { return printable(fmt::format("{}.{}", g.text, g.name)); };
  if (function.name == "_reconstructor" && !given.empty()) {
    const auto& type = pickle_[given.front()];
    if (allowed_call(type.text, type.name) == PickleCall::refuse) refuse(shown(type));
  }
  switch (allowed_call(function.text, function.name)) {
    case PickleCall::rebuild_tensor:
      // The arguments stay one shared sequence: copying them for every call would let memory grow with the
      // square.
      return push({PickleKind::tensor, 0, {}, {}, {arguments}});
    case PickleCall::rebuild_subclass:
      if (given.size() < 3) fail("rebuilds a tensor from too little");
      if (allowed_call(pickle_[given[0]].text, pickle_[given[0]].name) != PickleCall::rebuild_tensor)
        refuse(shown(pickle_[given[0]]));
      return push({PickleKind::tensor, 0, {}, {}, {given[2]}});
    case PickleCall::first_argument:
      if (given.empty()) fail("rebuilds a value from nothing");
      return push(given.front());
    case PickleCall::make_dict:
      return make_dict(given);
    case PickleCall::make_module:
      return push(PickleValue{PickleKind::module});
    case PickleCall::make_number:
      return make_number(given);
    case PickleCall::make_inert:
      return push({PickleKind::inert, 0, {}, {}, {arguments}});
    case PickleCall::refuse:
      refuse(shown(function));
  }
}

// dict() · dict(another) · OrderedDict([(key, value), …]), as Python 2 wrote it · defaultdict(factory).
void Interpreter::make_dict(const std::vector<PickleRef>& given) {
  if (!given.empty() && pickle_[given.front()].kind == PickleKind::dict) return push(given.front());
  PickleValue dict{PickleKind::dict};
  if (!given.empty() && pickle_[given.front()].kind == PickleKind::sequence) {
    const auto& pairs = pickle_[given.front()].items;
    copied_ += pairs.size();
    if (copied_ > kMostValues) fail("copies absurdly many values");
    for (const auto pair : pairs) {
      const auto& both = pickle_[pair].items;
      if (pickle_[pair].kind != PickleKind::sequence || both.size() != 2)
        fail("has a dictionary key without a value");
      dict.items.insert(dict.items.end(), both.begin(), both.end());
    }
  }
  push(std::move(dict));
}

// (numpy.dtype("i8"), eight bytes); below protocol 3 the bytes stand as Latin-1 in UTF-8.
void Interpreter::make_number(const std::vector<PickleRef>& given) {
  const auto first_of = [&](PickleRef ref) {
    return pickle_[ref].items.empty() ? ref : pickle_[ref].items[0];
  };
  const auto code = given.empty() ? std::string_view() : pickle_[first_of(first_of(given[0]))].text;
  if (given.size() < 2 || code.empty() || (code.front() != 'i' && code.front() != 'u'))
    return push(PickleValue{PickleKind::inert});
  const auto text = pickle_[given[1]].text.substr(0, 16);
  std::string bytes(text);
  if (code.substr(1) != std::to_string(text.size())) {
    bytes.clear();
    for (const char32_t point : decode_utf8(text)) bytes += static_cast<char>(point);
  }
  if (code.front() == 'u' && bytes.size() < 8) bytes += '\0';
  push_integer(signed_number(std::string_view(bytes).substr(0, 8)));
}

// Of all objects only torch.nn's modules have something in their state that is read.
void Interpreter::take_state() {
  const auto state = pop();
  auto& object = pickle_.values[top()];
  if (object.kind != PickleKind::module || pickle_[state].kind != PickleKind::dict) return;
  const auto& items = pickle_[state].items;
  for (std::size_t i = 0; i + 1 < items.size(); i += 2)
    if (pickle_[items[i]].text == "_parameters") object.items = {items[i + 1]};
}

}  // namespace

Pickle read_pickle(const std::string& file, std::string_view bytes) {
  return Interpreter(file, bytes).run();
}

}  // namespace latentdial::detail
